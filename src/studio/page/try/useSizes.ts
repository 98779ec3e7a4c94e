import { useEffect, useRef, useState } from 'preact/hooks';
import { errorMessage } from '../../../errors.js';
import type { Int8Report } from '../../api.js';
import { askBytes, runQuery, tell } from '../client.js';
import type { ImageModel } from './imageModel.js';
import { timeFile } from './timeFile.js';

/** Numbers that hold a model's weights. */
export type Numbers = 'f32' | 'f16' | 'int8';

/** A model in some numbers, or why it is not there, in a sentence. */
export type SizedFile = { readonly bytes: number; readonly time: number } | { readonly problem: string };

/** What is known of a model's files. */
export interface Sizes {
  readonly files: Partial<Readonly<Record<Numbers, SizedFile>>>;
  /** What is being done, for people to read; empty: nothing. */
  readonly doing: string;
  /** What the export of 8-bit integers says that they change. */
  readonly report: string;
}

/** Which checkpoint of which run. */
export interface CheckpointChoice {
  readonly run: string;
  /** `best` or `last`. */
  readonly which: string;
}

/** A model's files, which are measured, and exported in 8-bit integers, when that is asked for. */
export function useSizes(
  model: ImageModel,
  { run, which }: CheckpointChoice,
): Sizes & { readonly measure: () => void; readonly exportInt8: () => void } {
  const [sizes, setSizes] = useState<Sizes>({ files: {}, doing: '', report: '' });
  const leaving = useRef(new AbortController());
  useEffect(() => () => leaving.current.abort(), []);
  const { signal } = leaving.current;
  const path = `api/model/int8?${runQuery(run)}&which=${which}`;
  const bytesOf = async (numbers: Numbers): Promise<Uint8Array> =>
    numbers === 'int8' ? askBytes(path, signal) : model.onnx!(numbers);
  const measureOne = async (numbers: Numbers): Promise<void> => {
    if (signal.aborted) return;
    setSizes((before) => ({ ...before, doing: `Measuring ${numbers} …` }));
    let file: SizedFile;
    try {
      const bytes = await bytesOf(numbers);
      file = { bytes: bytes.length, time: await timeFile(bytes, model) };
    } catch (error) {
      file = { problem: errorMessage(error) };
    }
    setSizes((before) => ({ ...before, doing: '', files: { ...before.files, [numbers]: file } }));
  };
  const measure = async (): Promise<void> => {
    for (const numbers of ['f32', 'f16', 'int8'] as const) await measureOne(numbers);
  };
  const exportInt8 = async (): Promise<void> => {
    setSizes((before) => ({ ...before, doing: 'Exporting int8 …', report: '' }));
    try {
      const { text } = await tell<Int8Report>(path, {}, signal);
      setSizes((before) => ({ ...before, report: text }));
      await measureOne('int8');
    } catch (error) {
      const file = { problem: errorMessage(error) };
      setSizes((before) => ({ ...before, doing: '', files: { ...before.files, int8: file } }));
    }
  };
  return { ...sizes, measure: () => void measure(), exportInt8: () => void exportInt8() };
}
