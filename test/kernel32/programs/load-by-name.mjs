// What loading a library by its bare name finds.
import koffi from 'koffi';

try {
  koffi.load('fltlib.dll');
  console.log('loaded');
} catch {
  console.log('not found');
}
