// Written by npm run docs:update from package.json. Constants, because a bundled program has no package.json to read.

/** The version of this package. */
export const VERSION = '0.1.0';

/** Where the guides are. */
export const DOCS = 'https://github.com/OWNER/win-odx/blob/main/docs/';
