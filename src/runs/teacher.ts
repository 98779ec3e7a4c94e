import type { Preprocessing } from '../data/preprocessing.js';
import type { Engine } from '../engines/engine.js';
import { type NoticeListener, UserError, withKeys } from '../errors.js';
import type { Model } from '../models/model.js';
import { createModel } from '../models/registry.js';
import { Classifier } from '../train/classifier.js';
import type { Teacher } from '../train/teacher.js';
import { areNamed, classPlaces, placeOf, someNames } from './classMapping.js';
import { requestOf } from './loadClassifier.js';
import { readWeights } from './weights.js';
import { describeWeights } from './weightsDescription.js';

/** Whom a teacher teaches. */
export interface Student {
  readonly engine: Engine;
  readonly model: Model;
  readonly batchSize: number;
  /** Names of the classes, in order. */
  readonly classes: readonly string[];
  /** What the images go through. */
  readonly preprocessing: Preprocessing;
  readonly onNotice?: NoticeListener | undefined;
}

/**
 * A teacher from a file of weights, whose classes are matched with the student's by name.
 *
 * @returns it is to be closed by the caller, before the engine
 * @throws UserError when the file cannot be used, or has other classes, or its images are prepared in another way
 */
export async function openTeacher(
  path: string,
  student: Student,
): Promise<Teacher & { close(): Promise<void> }> {
  const { engine, batchSize, preprocessing, onNotice } = student;
  const weights = { ...readWeights(path), path };
  const model = createModel(requestOf(weights, student.model.config.imageSize));
  if (model.channels !== student.model.channels)
    throw new UserError(
      `the teacher ${path} takes images of ${model.channels} channels, but the model takes ${student.model.channels}`,
    );
  const data = { name: 'the run', preprocessing };
  const described = describeWeights(weights, model, weights.info ? {} : { data });
  for (const notice of [weights.notice, ...described.notices])
    if (notice !== undefined) onNotice?.(withKeys(notice), notice);
  expectSameNumbers(path, described.preprocessing, preprocessing);
  const columns = columnsFor(path, described.classes, student.classes);
  const { tensors } = weights;
  const compile = (): Promise<Classifier> => Classifier.create({ engine, model, batchSize, tensors });
  let classifier: Classifier | undefined = await compile();
  const release = async (): Promise<void> => {
    await classifier?.close();
    classifier = undefined;
  };
  return {
    logits: async (images) => {
      classifier ??= await compile();
      const { logits } = await classifier.predictBatch(images.slice());
      return reordered(logits, columns, model.config.classes);
    },
    release,
    close: release,
  };
}

function expectSameNumbers(path: string, teachers: Preprocessing, own: Preprocessing): void {
  const numbers = ({ mean, std }: Preprocessing): number[] => [...mean, ...std];
  const [theirs, ours] = [numbers(teachers), numbers(own)];
  if (theirs.every((value, i) => Math.abs(value - ours[i]!) < 1e-4)) return;
  const shown = ({ mean, std }: Preprocessing): string => `mean ${mean.join(', ')} and std ${std.join(', ')}`;
  throw new UserError(
    `the teacher ${path} was trained on images of ${shown(teachers)}, but the run has ${shown(own)}`,
  );
}

/** The teacher's number of each class of the student. */
function columnsFor(path: string, theirs: readonly string[], ours: readonly string[]): readonly number[] {
  if (areNamed(theirs) && areNamed(ours)) {
    const places = classPlaces(theirs);
    const missing = ours.filter((name) => placeOf(places, name) === undefined);
    if (missing.length > 0)
      throw new UserError(`the teacher ${path} does not know the data’s ${someNames(missing)}`);
    return ours.map((name) => placeOf(places, name)!);
  }
  if (theirs.length !== ours.length)
    throw new UserError(
      `the teacher ${path} has ${theirs.length} classes without names, but the data has ${ours.length}`,
    );
  return ours.map((_, i) => i);
}

function reordered(logits: Float32Array, columns: readonly number[], classes: number): Float32Array {
  if (columns.length === classes && columns.every((column, i) => column === i)) return logits;
  const images = logits.length / classes;
  return Float32Array.from(
    { length: images * columns.length },
    (_, i) => logits[Math.floor(i / columns.length) * classes + columns[i % columns.length]!]!,
  );
}
