import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { UserError } from '../../src/errors.js';
import { encodeFileHeader, encodeSummary } from '../../src/formats/tensorboard/encodeEvent.js';
import { EventSchema } from '../../src/formats/tensorboard/events_pb.js';
import { EventWriter } from '../../src/formats/tensorboard/eventWriter.js';
import { HParamsPluginDataSchema } from '../../src/formats/tensorboard/hparams_pb.js';
import {
  histogramSummary,
  hparamsEnd,
  hparamsStart,
  imageSummary,
  scalarSummary,
  textSummary,
} from '../../src/formats/tensorboard/summaries.js';
import { joinBytes, latin1Bytes } from './support/bytes.js';

/** CRC-32C bit by bit, masked: independent of the tables of the library. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  crc = ~crc >>> 0;
  const rotated = ((crc >>> 15) | (crc << 17)) >>> 0;
  return (rotated + 0xa282ead8) % 2 ** 32;
}

/** Splits a TFRecord file, and checks every checksum. */
function records(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    assert.equal(view.getUint32(at + 8, true), maskedCrc(file.subarray(at, at + 8)));
    const message = file.subarray(at + 12, at + 12 + length);
    assert.equal(message.length, length);
    assert.equal(view.getUint32(at + 12 + length, true), maskedCrc(message));
    found.push(message);
    at += 16 + length;
  }
  return found;
}

type Field = number | bigint | Uint8Array;

/** Fields of a protobuf message by number, in the wire format. */
function fields(message: Uint8Array): Map<number, Field> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const found = new Map<number, Field>();
  let at = 0;
  /** Passes `count` bytes and says where they began. */
  const pass = (count: number): number => {
    at += count;
    return at - count;
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(pass(1));
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    const [number, wire] = [key >> 3, key & 7];
    if (wire === 0) found.set(number, varint());
    else if (wire === 1) found.set(number, view.getFloat64(pass(8), true));
    else if (wire === 5) found.set(number, view.getFloat32(pass(4), true));
    else {
      const start = pass(Number(varint()));
      found.set(number, message.subarray(start, at));
    }
  }
  return found;
}

function bytesField(message: Map<number, Field>, number: number): Uint8Array {
  const value = message.get(number);
  assert.ok(value instanceof Uint8Array);
  return value;
}

/** Time, step, tag and value of a scalar's record. */
function scalarOf(record: Uint8Array): unknown[] {
  const event = fields(record);
  const value = fields(bytesField(fields(bytesField(event, 5)), 1));
  return [event.get(1), event.get(2) ?? 0n, new TextDecoder().decode(bytesField(value, 1)), value.get(2)];
}

describe('TensorBoard events', () => {
  it('a file begins with its version', () => {
    const [header] = records(encodeFileHeader(1_500_000_000_500));
    const event = fields(header!);
    assert.equal(event.get(1), 1_500_000_000.5);
    assert.deepEqual(bytesField(event, 3), latin1Bytes('brain.Event:2'));
  });

  it('scalars: time, step, tag and value', () => {
    const cases: [string, number, number][] = [
      ['Loss/train', 25, 0.5],
      ['Genauigkeit/prüfung', 2 ** 40, 100],
      ['zero', 0, 0],
      ['infinite', 1, -Infinity],
      ['undefined', 2, Number.NaN],
    ];
    const file = joinBytes(
      cases.map(([tag, step, value]) => encodeSummary(scalarSummary(tag, value), { step, time: 1250 })),
    );
    assert.deepEqual(
      records(file).map(scalarOf),
      cases.map(([tag, step, value]) => [1.25, BigInt(step), tag, value]),
    );
  });
});

describe('summaries', () => {
  it('a histogram counts its numbers in buckets of equal width, the ends included', () => {
    const values = Float64Array.from({ length: 129 }, (_, i) => i / 2);
    const { value } = histogramSummary('v', values);
    assert.ok(value?.case === 'histo');
    const { min, max, num, sum, bucket = [], bucketLimit = [] } = value.value;
    assert.deepEqual([min, max, num, sum], [0, 64, 129, 4128]);
    assert.equal(bucket.length, 64);
    assert.deepEqual(bucket.slice(0, 2), [2, 2]);
    assert.equal(bucket[63], 3);
    assert.deepEqual([bucketLimit[0], bucketLimit[63]], [1, 64]);
  });

  it('a histogram of equal numbers is one bucket', () => {
    const { value } = histogramSummary('v', [3, 3, 3]);
    assert.ok(value?.case === 'histo');
    assert.deepEqual([value.value.bucket, value.value.bucketLimit], [[3], [3]]);
  });

  it('images and text survive the wire', () => {
    const image = { bytes: Uint8Array.of(1, 2), height: 3, width: 4, channels: 3 } as const;
    const [first] = records(encodeSummary(imageSummary('i', image), { step: 0, time: 0 }));
    const [second] = records(encodeSummary(textSummary('t', 'größer'), { step: 0, time: 0 }));
    const [a, b] = [first!, second!].map((message) => {
      const { what } = fromBinary(EventSchema, message);
      assert.ok(what.case === 'summary');
      return what.value.value[0]!;
    });
    assert.ok(a!.value.case === 'image');
    assert.deepEqual([...a!.value.value.encodedImageString], [1, 2]);
    assert.deepEqual([a!.value.value.height, a!.value.value.width, a!.value.value.colorspace], [3, 4, 3]);
    assert.ok(b!.value.case === 'tensor');
    assert.equal(b!.metadata?.pluginData?.pluginName, 'text');
    assert.equal(new TextDecoder().decode(b!.value.value.stringVal[0]), 'größer');
  });

  it('hyperparameters name values, types and metrics', () => {
    const content = [
      ...hparamsStart({ model: 'resnet18', baseLr: 0.1, nesterov: true }, ['a/b'], 5000),
      hparamsEnd(7000),
    ].map(({ metadata }) => fromBinary(HParamsPluginDataSchema, metadata!.pluginData!.content!).data);
    const [experiment, start, end] = content;
    assert.ok(experiment?.case === 'experiment' && start?.case === 'sessionStartInfo');
    assert.deepEqual(
      experiment.value.hparamInfos.map(({ name, type }) => [name, type]),
      [
        ['model', 1],
        ['baseLr', 3],
        ['nesterov', 2],
      ],
    );
    assert.equal(experiment.value.metricInfos[0]!.name?.tag, 'a/b');
    assert.equal(start.value.hparams.baseLr!.kind.value, 0.1);
    assert.equal(start.value.startTimeSecs, 5);
    assert.ok(end?.case === 'sessionEndInfo');
    assert.deepEqual([end.value.status, end.value.endTimeSecs], [1, 7]);
  });
});

describe('event files', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'biasloss-events-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('grow with each scalar, one file a writer', () => {
    const place = join(folder, 'a', 'b');
    const [first, second] = [EventWriter.open(place), EventWriter.open(place)];
    assert.match(basename(first.path), /^events\.out\.tfevents\.\d{10}\.[\w.-]+\.\d+\.\d+$/);
    first.scalar('x', 1, 0);
    assert.equal(records(readFileSync(first.path)).length, 2);
    first.scalar('x', 2, 1, 7000);
    assert.deepEqual(scalarOf(records(readFileSync(first.path))[2]!), [7, 1n, 'x', 2]);
    assert.equal(records(readFileSync(second.path)).length, 1);
    assert.equal(readdirSync(place).length, 2);
    for (const writer of [first, first, second]) writer.close();
    assert.throws(() => first.scalar('x', 1, 1), /is closed/);
  });

  it('in a folder that cannot be are refused', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    assert.throws(() => EventWriter.open(join(file, 'runs')), UserError);
  });
});
