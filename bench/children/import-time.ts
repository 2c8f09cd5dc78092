// Prints how many milliseconds it takes to import the modules named as arguments, one after the other.
const modules = process.argv.slice(2);
const start = performance.now();
for (const module of modules) await import(module);
console.log(performance.now() - start);

export {};
