/** The version of this package, as in package.json. A constant, because a bundled program has no package.json to read. */
export const VERSION = '0.1.0';
