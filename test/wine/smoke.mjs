// Self-test of the driver, run before the test suite so that a fault of the driver is not taken for one of
// the library. It shares no code with the library: requests are packed here by hand.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as driver from './driver.ts';
import * as kernel32 from './smoke-kernel32.mjs';

const OFFLOAD_READ = 0x94264;
const OFFLOAD_WRITE = 0x98268;
const DSM = 0x2d9404;
const QUERY_PROPERTY = 0x2d1400;
const GET_LENGTH = 0x7405c;
const GET_GEOMETRY = 0x70000;
const CANCELLED = 0xc0000120;
const ZERO_TOKEN = Buffer.concat([Buffer.from('ffff0001000001f8', 'hex'), Buffer.alloc(504)]);

function readInput(offset, length, { size = 32, ttl = 0 } = {}) {
  const b = Buffer.alloc(32);
  b.writeUInt32LE(size, 0);
  b.writeUInt32LE(ttl, 8);
  b.writeBigUInt64LE(BigInt(offset), 16);
  b.writeBigUInt64LE(BigInt(length), 24);
  return b;
}

function writeInput(offset, length, token, { transfer = 0, size = 544 } = {}) {
  const b = Buffer.alloc(544);
  b.writeUInt32LE(size, 0);
  b.writeBigUInt64LE(BigInt(offset), 8);
  b.writeBigUInt64LE(BigInt(length), 16);
  b.writeBigUInt64LE(BigInt(transfer), 24);
  token.copy(b, 32);
  return b;
}

function dsmInput(action, parameters, at, ranges) {
  const rangesAt = Math.ceil((at + parameters.length) / 8) * 8;
  const b = Buffer.alloc(rangesAt + 16 * ranges.length);
  [28, action, 0, at, parameters.length, rangesAt, 16 * ranges.length].forEach((v, i) => {
    b.writeUInt32LE(v, i * 4);
  });
  parameters.copy(b, at);
  ranges.flat().forEach((v, i) => {
    b.writeBigUInt64LE(BigInt(v), rangesAt + i * 8);
  });
  return b;
}

const dsmRead = (...ranges) => dsmInput(0x80000003, Buffer.alloc(16), 28, ranges);

function dsmWrite(token, from, ...ranges) {
  const parameters = Buffer.alloc(528);
  parameters.writeBigUInt64LE(BigInt(from), 8);
  token.copy(parameters, 16);
  return dsmInput(4, parameters, 32, ranges);
}

const lengthOf = (reply) => Number(reply.output.readBigUInt64LE(8));
const offloadRead = (h, offset, length, options) =>
  kernel32.control(h, OFFLOAD_READ, readInput(offset, length, options), 528);
const offloadWrite = (h, offset, length, token, options) =>
  kernel32.control(h, OFFLOAD_WRITE, writeInput(offset, length, token, options), 16);
const tokenOf = (reply) => Buffer.from(reply.output.subarray(16, 528));

/** Unlike deepEqual it does not spend minutes on the difference of two large buffers. */
function same(actual, expected) {
  assert.equal(actual.length, expected.length);
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  assert.equal(at, -1, `byte ${at} differs`);
}

const checks = [];
const check = (name, body) => checks.push({ name, body });
const [source, target, large, other] = driver.DISKS.map((disk) => kernel32.open(disk.path));
const pendable = kernel32.open(driver.DISKS[0].path, kernel32.READ + kernel32.WRITE, true);
const pattern = (length) => Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 9)) & 0xff));

check('bytes written are read back, and past the end of file there is none', () => {
  const bytes = pattern(70_000);
  assert.equal(kernel32.write(source, 123, bytes), 0);
  same(kernel32.read(source, 123, 70_000).output, bytes);
  driver.setSize(0, 1000);
  assert.equal(kernel32.read(source, 0, 4096).output.length, 1000);
  assert.equal(kernel32.read(source, 1000, 1).error, 38);
});

check('a token carries bytes to another disk, also in pieces', () => {
  const bytes = pattern(65_536);
  kernel32.write(source, 4096, bytes);
  const reply = offloadRead(source, 4096, 65_536);
  assert.equal(reply.error, 0);
  assert.equal(reply.output.readUInt32LE(0), 528);
  assert.equal(reply.output.readUInt32LE(4), 0);
  assert.equal(lengthOf(reply), 65_536);
  assert.equal(reply.output.subarray(16, 24).toString('hex'), '00800001000001f8');
  for (const at of [0, 32_768]) {
    const written = offloadWrite(target, 8192 + at, 32_768, tokenOf(reply), { transfer: at });
    assert.equal(written.error, 0);
    assert.equal(written.output.toString('hex'), '10000000000000000080000000000000');
  }
  same(kernel32.read(target, 8192, 65_536).output, bytes);
  assert.notDeepEqual(tokenOf(offloadRead(source, 4096, 65_536)), tokenOf(reply));
});

check('offload read refuses in the order of MS-FSA', () => {
  const b = readInput(512, 512);
  driver.setSize(0, 4096);
  assert.equal(kernel32.control(source, OFFLOAD_READ, b.subarray(0, 31), 528).error, 122);
  assert.equal(kernel32.control(source, OFFLOAD_READ, b, 527).error, 122);
  assert.equal(offloadRead(source, 1, 512).error, 87);
  assert.equal(offloadRead(source, 0, 511).error, 87);
  assert.equal(offloadRead(source, 0, 512, { size: 31 }).error, 87);
  assert.equal(offloadRead(source, 2n ** 64n - 512n, 512).error, 87);
  assert.equal(lengthOf(offloadRead(source, 1024 * 512, 0)), 0);
  assert.equal(offloadRead(source, 2n ** 63n, 512).error, 87);
  assert.equal(offloadRead(source, 4096, 512).error, 38);
  assert.equal(offloadRead(large, 512, 4096).error, 87);
});

check('offload write refuses in the order of MS-FSA', () => {
  const token = tokenOf(offloadRead(source, 0, 8192));
  const b = writeInput(0, 512, token);
  driver.setSize(1, 8192, 4096);
  assert.equal(kernel32.control(target, OFFLOAD_WRITE, b.subarray(0, 543), 16).error, 122);
  assert.equal(kernel32.control(target, OFFLOAD_WRITE, b, 15).error, 122);
  assert.equal(offloadWrite(target, 1, 512, token).error, 87);
  assert.equal(offloadWrite(target, 0, 1, token).error, 87);
  assert.equal(offloadWrite(target, 0, 512, token, { transfer: 1 }).error, 87);
  assert.equal(offloadWrite(target, 0, 512, token, { size: 32 }).error, 87);
  assert.equal(lengthOf(offloadWrite(target, 0, 0, token)), 0);
  assert.equal(offloadWrite(target, 8192, 512, token).error, 38);
  assert.equal(offloadWrite(target, 4608, 512, token).error, 1289);
  assert.equal(offloadWrite(target, 4096, 512, token).error, 0);
  assert.equal(driver.state(1).vdl, 4608);
  assert.equal(offloadWrite(target, 0, 1024, token, { transfer: 8192 - 512 }).error, 87);
  token[200] ^= 1;
  assert.equal(offloadWrite(target, 0, 512, token).error, 315);
});

check('switches answer for what a file or a volume may be', () => {
  const token = tokenOf(offloadRead(source, 0, 8192));
  const table = [
    ['notImplemented', 1, 1],
    ['readUnsupported', 50, 0],
    ['writeUnsupported', 0, 50],
    ['readOnly', 0, 19],
    ['deleted', 5, 5],
    ['locked', 33, 33],
    ['noRod', 316, 316],
  ];
  for (const [name, readError, writeError] of table) {
    driver.setSwitches(0, name);
    assert.equal(offloadRead(source, 0, 512).error, readError, name);
    assert.equal(offloadWrite(source, 0, 512, token).error, writeError, name);
    driver.reset(0);
    kernel32.write(source, 0, pattern(16));
    tokenOf(offloadRead(source, 0, 8192)).copy(token);
  }
  driver.setSwitches(0, 'fileKind');
  offloadRead(source, 0, 512);
  offloadWrite(source, 0, 512, token);
  assert.deepEqual(
    driver
      .log(0)
      .slice(-2)
      .map((e) => e.status),
    [0xc000a2a3, 0xc000a2a4],
  );
});

check('valid data length: cut, flag and zero token', () => {
  driver.setSize(0, 10_000, 5000);
  const cut = offloadRead(source, 0, 10_240);
  assert.equal(lengthOf(cut), 5120);
  assert.equal(cut.output.readUInt32LE(4), 1);
  const beyond = offloadRead(source, 5120, 10_240);
  assert.equal(beyond.output.readUInt32LE(4), 1);
  assert.equal(lengthOf(beyond), 5120);
  assert.deepEqual(tokenOf(beyond), ZERO_TOKEN);
  kernel32.write(target, 0, pattern(4096));
  assert.equal(lengthOf(offloadWrite(target, 512, 1024, tokenOf(beyond))), 1024);
  same(kernel32.read(target, 512, 1024).output, Buffer.alloc(1024));
  driver.setSize(0, 8192, 4096);
  assert.deepEqual(tokenOf(offloadRead(source, 4096, 4096)), ZERO_TOKEN);
  const before = offloadRead(source, 0, 4096);
  assert.equal(before.output.readUInt32LE(4), 0);
  driver.setLimits(0, { read: 1024 });
  const limited = offloadRead(source, 0, 10_240);
  assert.equal(lengthOf(limited), 1024);
  assert.equal(limited.output.readUInt32LE(4), 0);
});

check('limits cut tokens and writes; the last sector may pass the end of file', () => {
  driver.setLimits(1, { write: 1024 });
  const token = tokenOf(offloadRead(source, 0, 8192));
  assert.equal(lengthOf(offloadWrite(target, 0, 8192, token)), 1024);
  driver.setLimits(1, {});
  driver.setSize(1, 1000, 0);
  assert.equal(lengthOf(offloadWrite(target, 0, 8192, token)), 1024);
  assert.equal(driver.state(1).vdl, 1000);
});

check('tokens die by a write to the source, by command and by age', async () => {
  let token = tokenOf(offloadRead(source, 0, 4096));
  kernel32.write(source, 4096, Buffer.alloc(1));
  assert.equal(offloadWrite(target, 0, 512, token).error, 0);
  kernel32.write(source, 4095, Buffer.alloc(1));
  assert.equal(offloadWrite(target, 0, 512, token).error, 315);
  token = tokenOf(offloadRead(source, 0, 4096));
  assert.equal(driver.state(0).tokens, 1);
  driver.expireTokens(0);
  assert.equal(offloadWrite(target, 0, 512, token).error, 315);
  token = tokenOf(offloadRead(source, 0, 4096, { ttl: 30 }));
  assert.equal(offloadWrite(target, 0, 512, token).error, 0);
  await new Promise((wake) => setTimeout(wake, 60));
  assert.equal(offloadWrite(target, 0, 512, token).error, 315);
});

check('DSM: several ranges, truncation, header, refusal', () => {
  const bytes = pattern(12_288);
  kernel32.write(source, 0, bytes);
  const reply = kernel32.control(source, DSM, dsmRead([0, 4096], [8192, 4096]), 536);
  assert.equal(reply.error, 0);
  assert.equal(reply.output.length, 536);
  assert.equal(lengthOf(reply), 8192);
  assert.equal(reply.output.readUInt32LE(16), 512);
  const token = Buffer.from(reply.output.subarray(20, 532));
  const written = kernel32.control(target, DSM, dsmWrite(token, 512, [0, 1024], [65_536, 4096]), 16);
  assert.equal(written.output.toString('hex'), '00000000000000000014000000000000');
  const joined = Buffer.concat([bytes.subarray(0, 4096), bytes.subarray(8192)]);
  same(kernel32.read(target, 0, 1024).output, joined.subarray(512, 1536));
  same(kernel32.read(target, 65_536, 4096).output, joined.subarray(1536, 5632));

  driver.setLimits(1, { write: 512 });
  const cut = kernel32.control(target, DSM, dsmWrite(token, 0, [0, 1024]), 16);
  assert.equal(cut.output.readUInt32LE(0), 1);
  assert.equal(lengthOf(cut), 512);
  driver.garbage(1, 'tokenInvalid');
  const dead = kernel32.control(target, DSM, dsmWrite(token, 0, [0, 1024]), 16);
  assert.equal(dead.output.readUInt32LE(0), 3);

  driver.setSwitches(0, 'dsmHeader');
  const headed = kernel32.control(source, DSM, dsmRead([0, 4096]), 576);
  assert.equal(headed.output.length, 576);
  assert.equal(headed.output.readUInt32LE(0), 36);
  assert.equal(headed.output.readUInt32LE(4), 0x80000003);
  assert.equal(headed.output.readUInt32LE(28), 40);
  assert.equal(headed.output.readBigUInt64LE(48), 4096n);
  driver.setSwitches(0, 'dsmRefused');
  assert.equal(kernel32.control(source, DSM, dsmRead([0, 4096]), 536).error, 5);
  driver.setSwitches(0, 'noRod');
  assert.equal(kernel32.control(source, DSM, dsmRead([0, 4096]), 536).error, 316);
  driver.setSwitches(0);
  assert.equal(kernel32.control(source, DSM, dsmRead([0, 0]), 536).error, 87);
  assert.equal(kernel32.control(source, DSM, dsmRead([driver.CAPACITY, 512]), 536).error, 27);
  assert.equal(kernel32.control(source, DSM, dsmRead([0, 512]), 535).error, 122);
  assert.equal(kernel32.control(source, DSM, dsmRead([0, 512]).subarray(0, 40), 536).error, 87);
});

check('DSM: ranges beyond the 64th are left out of the token', () => {
  const ranges = Array.from({ length: 65 }, (_, i) => [i * 1024, 512]);
  const reply = kernel32.control(source, DSM, dsmRead(...ranges), 536);
  assert.equal(reply.output.readUInt32LE(0), 1);
  assert.equal(lengthOf(reply), 64 * 512);
});

check('property, length and geometry describe each disk', () => {
  for (const [i, h] of [source, target, large, other].entries()) {
    const { sector } = driver.DISKS[i];
    const query = Buffer.alloc(12);
    query.writeUInt32LE(13, 0);
    const copy = kernel32.control(h, QUERY_PROPERTY, query, 48);
    assert.equal(copy.output.readUInt32LE(0), 1);
    assert.equal(copy.output.readUInt32LE(4), 48);
    assert.equal(Number(copy.output.readBigUInt64LE(16)) * sector, driver.CAPACITY);
    assert.equal(kernel32.control(h, QUERY_PROPERTY, query, 47).output.toString('hex'), '3000000030000000');
    assert.equal(kernel32.control(h, QUERY_PROPERTY, query, 7).error, 122);
    query.writeUInt32LE(6, 0);
    assert.equal(kernel32.control(h, QUERY_PROPERTY, query, 28).output.readUInt32LE(16), sector);
    assert.equal(kernel32.control(h, GET_GEOMETRY, Buffer.alloc(0), 24).output.readUInt32LE(20), sector);
    const length = kernel32.control(h, GET_LENGTH, Buffer.alloc(0), 8).output;
    assert.equal(Number(length.readBigUInt64LE(0)), driver.CAPACITY);
  }
});

check('the access of a handle is enforced and known', () => {
  const token = tokenOf(offloadRead(source, 0, 512));
  const cases = [
    [0, 5, 5, 5],
    [kernel32.READ, 0, 5, 5],
    [kernel32.WRITE, 5, 0, 122],
    [kernel32.READ + kernel32.WRITE, 0, 0, 122],
  ];
  for (const [access, readError, writeError, dsmError] of cases) {
    const h = kernel32.open(driver.DISKS[1].path, access);
    assert.equal(offloadRead(h, 0, 512).error, readError);
    assert.equal(offloadWrite(h, 0, 512, token).error, writeError);
    assert.equal(kernel32.control(h, DSM, dsmRead([0, 512]), 8).error, dsmError);
    kernel32.control(h, GET_GEOMETRY, Buffer.alloc(0), 24);
    const seen = driver.log(1).at(-1).access;
    assert.equal(seen & 3, (access & kernel32.READ ? 1 : 0) + (access & kernel32.WRITE ? 2 : 0));
    kernel32.CloseHandle(h);
  }
});

check('the log holds the bytes as they were sent', () => {
  const token = tokenOf(offloadRead(source, 0, 512, { ttl: 30_000 }));
  const input = writeInput(1024, 512, token);
  kernel32.control(target, OFFLOAD_WRITE, input, 16);
  const [seen] = driver.log(0);
  assert.deepEqual(seen.input, readInput(0, 512, { ttl: 30_000 }));
  assert.deepEqual([seen.inputLength, seen.outputLength, seen.process], [32, 528, process.pid]);
  const [written] = driver.log(1);
  assert.deepEqual(written.input, input);
  assert.equal(written.inputLength, 544);
  assert.equal(written.outputLength, 16);
});

check('statuses are forced in the order of the rules', () => {
  driver.force(0, 0xc0000465, { code: OFFLOAD_READ, skip: 1, count: 2 });
  driver.force(0, 0xc0000464, { code: 'any' });
  driver.force(0, 0xc0000185, { code: 'read' });
  const errors = [0, 1, 2, 3].map(() => offloadRead(source, 0, 512).error);
  assert.deepEqual(errors, [321, 315, 315, 0]);
  assert.equal(kernel32.read(source, 0, 1).error, 1117);
});

check('answers are spoiled in each way', () => {
  const token = tokenOf(offloadRead(source, 0, 1024));
  const spoiled = (kind) => {
    driver.garbage(1, kind);
    return kernel32.control(target, OFFLOAD_WRITE, writeInput(0, 1024, token), 528);
  };
  assert.equal(spoiled('short').output.length, 8);
  assert.equal(lengthOf(spoiled('tooMuch')), 1536);
  assert.equal(lengthOf(spoiled('zero')), 0);
  assert.equal(spoiled('long').output.length, 528);
  assert.equal(spoiled('sizeZero').output.readUInt32LE(0), 0);
  assert.equal(spoiled('empty').output.length, 0);
  assert.equal(spoiled('huge').output.readBigUInt64LE(8), 2n ** 64n - 1n);
  assert.equal(lengthOf(spoiled('unaligned')), 1023);
  assert.equal(lengthOf(spoiled('half')), 512);
  assert.equal(lengthOf(spoiled('proper')), 1024);
});

check('a delayed request completes late, also with a forced status', () => {
  driver.delay(0, 80);
  const begun = performance.now();
  const call = kernel32.start(pendable, OFFLOAD_READ, readInput(0, 512), 528);
  assert.ok(call.pending);
  assert.equal(driver.state(0).pending, 1);
  assert.equal(call.finish().status, 0);
  const took = performance.now() - begun;
  assert.ok(took >= 79 && took < 150, `${took} ms`);
  driver.addRule(0, { delay: 20, status: 0xc0000205 });
  assert.equal(kernel32.start(pendable, OFFLOAD_READ, readInput(0, 512), 528).finish().status, 0xc0000205);
  assert.deepEqual(
    driver.log(0).map((e) => [e.pended, e.completed, e.cancelled]),
    [
      [true, true, false],
      [true, true, false],
    ],
  );
});

check('a rule that blocks keeps the caller inside the call, on an overlapped handle too', () => {
  driver.block(0, 80, { count: 2 });
  const begun = performance.now();
  const call = kernel32.start(pendable, OFFLOAD_READ, readInput(0, 512), 528);
  assert.equal(call.pending, false);
  assert.ok(performance.now() - begun >= 79);
  assert.equal(call.finish().status, 0);
  assert.equal(offloadRead(source, 0, 512).error, 0);
  assert.deepEqual(
    driver.log(0).map((e) => [e.pended, e.completed, e.duration >= 79]),
    [
      [false, true, true],
      [false, true, true],
    ],
  );
  assert.throws(() => driver.block(0, Number.POSITIVE_INFINITY), /command 5 refused \(87\)/);
});

check('a volume ends a sector early for reads, until its handle may read all of it', () => {
  const EXTEND = 0x90083;
  const none = Buffer.alloc(0);
  const last = driver.CAPACITY - 512;
  assert.equal(kernel32.control(source, EXTEND, none, 0).error, 1);
  driver.setSwitches(0, 'volume');
  const whole = kernel32.open(driver.DISKS[0].path);
  assert.equal(kernel32.control(whole, EXTEND, none, 0).error, 0);
  assert.equal(kernel32.read(whole, last, 512).output.length, 512);
  assert.equal(kernel32.read(source, last, 512).error, 38);
  assert.equal(kernel32.read(source, last - 512, 1024).output.length, 512);
  kernel32.CloseHandle(whole);
});

check('ReadFile and WriteFile can be delayed too', () => {
  const bytes = pattern(5000);
  driver.delay(0, 30, { code: 'read' });
  driver.delay(0, 30, { code: 'write' });
  const begun = performance.now();
  assert.equal(kernel32.write(source, 1, bytes), 0);
  same(kernel32.read(source, 1, 5000).output, bytes);
  assert.ok(performance.now() - begun >= 58);
  assert.equal(driver.state(0).pended, 2);
});

check('a held request ends by release or by cancellation', () => {
  driver.hold(0, { count: 2 });
  const first = kernel32.start(pendable, OFFLOAD_READ, readInput(0, 512), 528);
  const second = kernel32.start(pendable, OFFLOAD_READ, readInput(512, 512), 528);
  assert.equal(first.cancel(), 1);
  assert.equal(first.finish().status, CANCELLED);
  assert.equal(second.done(), false);
  driver.release(0);
  assert.equal(second.finish().status, 0);
  const { cancelled, pended, pending } = driver.state(0);
  assert.deepEqual({ cancelled, pended, pending }, { cancelled: 1, pended: 2, pending: 0 });
  assert.deepEqual(
    driver.log(0).map((e) => e.cancelled),
    [true, false],
  );
});

check('a cancelled write has changed nothing', () => {
  const token = tokenOf(offloadRead(target, 0, 512));
  kernel32.write(source, 0, pattern(512));
  driver.hold(0);
  const call = kernel32.start(pendable, OFFLOAD_WRITE, writeInput(0, 512, token), 16);
  call.cancel();
  assert.equal(call.finish().status, CANCELLED);
  same(kernel32.read(source, 0, 512).output, pattern(512));
});

check('the end of a process cancels what it left pending', () => {
  driver.hold(0);
  const url = new URL('./smoke-kernel32.mjs', import.meta.url).href;
  const script = `import { open, start, READ } from ${JSON.stringify(url)};
    start(open(${JSON.stringify(driver.DISKS[0].path)}, READ, true), ${OFFLOAD_READ}, Buffer.alloc(32), 528);`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  assert.equal(child.status, 0);
  const until = performance.now() + 2000;
  while (driver.state(0).pending > 0 && performance.now() < until);
  assert.equal(driver.state(0).pending, 0);
  assert.equal(driver.log(0)[0].cancelled, true);
});

check('a reset cancels what pends', () => {
  driver.hold(0);
  const call = kernel32.start(pendable, OFFLOAD_READ, readInput(0, 512), 528);
  driver.reset(0);
  assert.equal(call.finish().status, CANCELLED);
  assert.equal(driver.state(0).pending, 0);
});

check('closing a handle cancels what pends on it', () => {
  driver.hold(0);
  const h = kernel32.open(driver.DISKS[0].path, kernel32.READ, true);
  const call = kernel32.start(h, OFFLOAD_READ, readInput(0, 512), 528);
  kernel32.CloseHandle(h);
  assert.equal(call.finish().status, CANCELLED);
  assert.equal(driver.state(0).pending, 0);
});

check('handles are counted', () => {
  const before = driver.state(3).handles;
  const h = kernel32.open(driver.DISKS[3].path);
  assert.equal(driver.state(3).handles, before + 1);
  kernel32.CloseHandle(h);
  assert.equal(driver.state(3).handles, before);
});

check('300 requests pend at once, each with its own end', () => {
  const count = 300;
  for (let i = 0; i < count; i++) {
    if (i % 3 === 0) driver.delay(0, 40 + ((i * 7) % 60));
    else if (i % 3 === 1) driver.addRule(0, { delay: 40 + ((i * 5) % 60), status: 0xc0000300 + i });
    else driver.hold(0);
  }
  const calls = Array.from({ length: count }, (_, i) =>
    kernel32.start(pendable, OFFLOAD_READ, readInput(512 * i, 512 * (i + 1)), 528),
  );
  calls.forEach((call, i) => {
    if (i % 3 === 2) call.cancel();
  });
  calls.forEach((call, i) => {
    const { status, output } = call.finish();
    assert.equal(status, [0, 0xc0000300 + i, CANCELLED][i % 3], `request ${i}`);
    if (i % 3 === 0) assert.equal(lengthOf({ output }), 512 * (i + 1));
  });
  const { pending, pended, cancelled } = driver.state(0);
  assert.deepEqual({ pending, pended, cancelled }, { pending: 0, pended: count, cancelled: count / 3 });
});

check('cancellation racing with completion ends each request once', () => {
  const ends = { 0: 0, [CANCELLED]: 0 };
  for (let round = 0; round < 40; round++) {
    driver.delay(0, 3, { count: 10 });
    const calls = Array.from({ length: 10 }, () =>
      kernel32.start(pendable, OFFLOAD_READ, readInput(0, 512), 528),
    );
    const until = performance.now() + (round % 5);
    while (performance.now() < until);
    for (const call of calls) call.cancel();
    for (const call of calls) ends[call.finish().status]++;
    driver.clearRules(0);
  }
  assert.equal(ends[0] + ends[CANCELLED], 400);
  assert.ok(ends[0] > 0 && ends[CANCELLED] > 0, JSON.stringify(ends));
});

let failed = 0;
for (const { name, body } of checks) {
  driver.reset();
  try {
    await body();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}\n${error.stack}`);
  }
}
driver.reset();

const input = readInput(0, 512);
const begun = performance.now();
for (let i = 0; i < 2000; i++) kernel32.control(source, OFFLOAD_READ, input, 528);
console.log(`a synchronous offload read takes ${((performance.now() - begun) / 2).toFixed(0)} us`);
process.exitCode = failed === 0 ? 0 : 1;
