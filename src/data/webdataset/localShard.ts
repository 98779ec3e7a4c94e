import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from '../../errors.js';
import { statsOf } from '../folders/fileKind.js';
import type { Reading } from '../remote/byteRange.js';
import { unreadable } from '../unreadable.js';
import { indexShard, type ShardIndex } from './shardIndex.js';

/** @throws UserError when an archive is missing or cannot be read */
export function indexLocalShard(path: string): ShardIndex {
  const stats = statsOf(path);
  if (!stats) throw new UserError(`there is no archive ${path}`);
  if (!stats.isFile()) throw new UserError(`${path} is not an archive: expected a file`);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    return readWith(file, indexShard(path, fstatSync(file).size, false));
  } finally {
    closeSync(file);
  }
}

/** Does work that reads an open file. */
export function readWith<T>(file: number, reading: Reading<T>): T {
  for (let step = reading.next(); ; ) {
    if (step.done) return step.value;
    const { offset, length } = step.value;
    const bytes = Buffer.allocUnsafe(length);
    step = reading.next(bytes.subarray(0, readSync(file, bytes, 0, length, offset)));
  }
}
