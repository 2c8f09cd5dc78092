export function least(...values: readonly [bigint, ...bigint[]]): bigint {
  return values.reduce((lowest, value) => (value < lowest ? value : lowest));
}

export function wholeUnits(bytes: bigint, unit: number): bigint {
  return bytes - (bytes % BigInt(unit));
}

/** A limit as whole units; one unit where it is less than that. */
export function atLeastOneUnit(limit: bigint, unit: number): bigint {
  const whole = wholeUnits(limit, unit);
  return whole === 0n ? BigInt(unit) : whole;
}

export function upToUnit(bytes: bigint, unit: number): bigint {
  return wholeUnits(bytes + BigInt(unit) - 1n, unit);
}
