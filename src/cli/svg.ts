/** The colours of a picture. */
export interface Palette {
  readonly page: string;
  readonly text: string;
  readonly muted: string;
  /** Edge and inside of what matters. */
  readonly accent: string;
  readonly accentFill: string;
  /** Edge and inside of everything else. */
  readonly quiet: string;
  readonly quietFill: string;
}

export const LIGHT: Palette = {
  page: '#ffffff',
  text: '#1f2328',
  muted: '#59636e',
  accent: '#0969da',
  accentFill: '#ddf4ff',
  quiet: '#818b98',
  quietFill: '#f6f8fa',
};

export const DARK: Palette = {
  page: '#0d1117',
  text: '#f0f6fc',
  muted: '#9198a1',
  accent: '#4493f8',
  accentFill: '#10294a',
  quiet: '#656c76',
  quietFill: '#1a2029',
};

export const SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif";
export const MONOSPACE = "ui-monospace,Consolas,Menlo,'DejaVu Sans Mono',monospace";

/** A picture that follows the colour scheme of its reader. It draws its own page, so it is readable on any other. */
export function adaptive(style: (palette: Palette) => string): string {
  return `${style(LIGHT)}@media(prefers-color-scheme:dark){${style(DARK)}}`;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** What the picture shows, for those who do not see it. */
  readonly description: string;
  /** A style sheet with a class `page` for the background. */
  readonly style: string;
  readonly parts: readonly string[];
}

/** An SVG document. */
export function svgDocument({ width, height, title, description, style, parts }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<desc>${escapeXml(description)}</desc>`,
    `<style>${style}</style>`,
    '<rect class="page" width="100%" height="100%" rx="8"/>',
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element of an SVG document. Attributes that are undefined are left out. */
export function svgElement(name: string, attributes: Attributes, content?: string): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(`${value}`)}"`)
    .join('');
  return content === undefined
    ? `<${name}${written}/>`
    : `<${name}${written}>${escapeXml(content)}</${name}>`;
}

function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
