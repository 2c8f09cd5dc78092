// First: it throws a NativeModuleError where Koffi, imported next, would throw an error of its own.
import '../src/native-module.ts';

export { default } from 'koffi';
