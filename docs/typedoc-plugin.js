// What TypeDoc does not do by itself: categories by source file, links to the errors of @throws, documents with titles.
import { Application, Comment, CommentTag, Converter } from 'typedoc';
import ts from 'typescript';

// In the order of the site. The first match counts.
const CATEGORIES = [
  ['Whole jobs', /^src\/copy\//],
  ['Offload pair', /^src\/(offload-(read|write)|zero-range)\.ts$/],
  ['Storage pair', /^src\/dsm/],
  ['Files', /^src\/(byte-count|file-source|offload-file|open-file|path|signal)\.ts$/],
  ['Tokens', /^src\/token\.ts$/],
  [
    'Facts',
    /^src\/(copy-offload|explain-status|probe\/.*|kernel\/device-queries)\.ts$|^structs\/statuses\.ts$/,
  ],
  ['Errors', /^src\/errors\.ts$/],
  ['Composition', /^src\/(odx|trace|kernel\/(default-kernel|kernel))\.ts$/],
];

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.on(Application.EVENT_BOOTSTRAP_END, () => {
    app.options.setValue(
      'categoryOrder',
      CATEGORIES.map(([name]) => name),
    );
  });
  const links = [];
  app.converter.on(Converter.EVENT_CREATE_SIGNATURE, (_context, signature, declaration) => {
    links.push(...linkThrows(signature, declaration));
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    const main = context.project.getChildByName('win-odx');
    for (const child of main.children) categorize(child, sourceOf(context, child));
    for (const link of links) link.target = main.getChildByName(link.text);
    for (const document of context.project.documents) nameByHeading(document);
  });
}

/** `@throws {Win32Error} when` begins with a link to Win32Error, whose type TypeDoc drops. Returns the links. */
function linkThrows(signature, declaration) {
  const documented = declaration === undefined ? [] : ts.getAllJSDocTags(declaration, ts.isJSDocThrowsTag);
  const shown = signature.comment?.blockTags.filter(({ tag }) => tag === '@throws') ?? [];
  return shown.map(({ content }, index) => {
    const link = { kind: 'inline-tag', tag: '@link', text: documented[index].typeExpression.type.getText() };
    content.unshift(link, { kind: 'text', text: ' ' });
    return link;
  });
}

function categorize(reflection, file) {
  const [category] = CATEGORIES.find(([, files]) => files.test(file)) ?? [];
  if (category === undefined) throw new Error(`${file} has no category in docs/typedoc-plugin.js.`);
  const documented = reflection.signatures?.[0] ?? reflection;
  documented.comment ??= new Comment();
  documented.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category }]));
}

function sourceOf(context, reflection) {
  const declared = context.getSymbolFromReflection(reflection)?.declarations?.[0];
  const path = declared?.getSourceFile().fileName ?? '';
  return path.slice(new URL('..', import.meta.url).pathname.length);
}

/** A document is called by its heading instead of its file name. */
function nameByHeading(document) {
  const [first] = document.content;
  const heading = first?.kind === 'text' ? /^\s*# (.+)\n/.exec(first.text) : null;
  if (heading === null) throw new Error(`${document.name} does not begin with a heading.`);
  document.name = heading[1];
  first.text = first.text.slice(heading[0].length);
}
