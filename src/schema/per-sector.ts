/** One schema a sector size, each made when it is first needed: building one takes a millisecond, most programs need one. */
export function perSector<T>(make: (sectorSize: number) => T): (sectorSize: number) => T {
  const made = new Map<number, T>();
  let lastSize = 0;
  let last: T | undefined;
  return (sectorSize) => {
    if (sectorSize === lastSize && last !== undefined) return last;
    let found = made.get(sectorSize);
    if (found === undefined) {
      found = make(sectorSize);
      made.set(sectorSize, found);
    }
    lastSize = sectorSize;
    last = found;
    return found;
  };
}
