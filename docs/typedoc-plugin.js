// What TypeDoc does not do by itself: categories by source file, links to the errors of @throws, documents with titles.
import { fileURLToPath } from 'node:url';
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
  ['Guides', /^docs\/[\w-]+\.md$/],
  ['Modules', /^src\/(index|structs|emulator\/index|kernel\/kernel32)\.ts$/],
  ['Project', /\.md$/],
];

const HEADING = /^\s*# (.+)\n/;

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
    for (const module of context.project.children) categorize(module, sourceOf(context, module));
    for (const document of context.project.documents) {
      categorize(document, pathOf(context.project.files.getReflectionPath(document)));
      nameByHeading(document);
    }
    // The page has the name of the project as its heading already.
    context.project.readme[0].text = context.project.readme[0].text.replace(HEADING, '');
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
  return pathOf(declared?.getSourceFile().fileName ?? '');
}

function pathOf(file) {
  return file.slice(fileURLToPath(new URL('..', import.meta.url)).length);
}

/** A document is called by its heading instead of its file name. */
function nameByHeading(document) {
  const heading = HEADING.exec(document.content[0].text);
  if (heading === null) throw new Error(`${document.name} does not begin with a heading.`);
  document.name = heading[1];
}
