import { type Calibration, CalibrationMeter } from '../train/calibration.js';
import { type ClassFigures, classFigures } from '../train/classFigures.js';
import { Confusion } from '../train/confusion.js';
import { enlargedHeat, underHeat } from './analysis/gradCam.js';
import { addressesOf, embedded, rgbOf } from './analysis/modelImages.js';
import { type NotableImages, notableImages } from './analysis/notable.js';
import { type Outcomes, probabilityOf } from './analysis/outcomes.js';
import { type CellPlan, planCells } from './cellPlan.js';
import type { TrainedModel } from './trainedModel.js';

/** An embedded image with its caption. */
export interface ShownImage {
  /** A `data:` address. */
  readonly address: string;
  /** Its number in the test set, from 0. */
  readonly number: number;
  readonly text: string;
  /** Whether its pixels are shown as squares, being few. */
  readonly isSmall: boolean;
}

/** Images of one kind. */
export interface ImageList {
  readonly heading: string;
  readonly explanation: string;
  readonly images: readonly ShownImage[];
}

/** An image with its heat map. */
export interface HeatImage extends ShownImage {
  readonly heatAddress: string;
}

/** A cell of the matrix that has images. */
export interface MatrixCell {
  readonly row: number;
  readonly column: number;
  readonly count: number;
  /** Numbers of the images that are embedded. */
  readonly images: readonly number[];
}

/** The confusion matrix. */
export interface MatrixFigures {
  readonly names: readonly string[];
  /** How many classes there are in all. */
  readonly ofClasses: number;
  readonly cells: readonly MatrixCell[];
  /** Address and text of each embedded image, by its number. */
  readonly thumbnails: Readonly<Record<number, readonly [address: string, text: string]>>;
}

/** A run's model's results on its test images. */
export interface ModelFigures {
  /** The checkpoint's file. */
  readonly path: string;
  /** Test images that were looked at, and all of them. */
  readonly images: number;
  readonly ofImages: number;
  /** A sentence about how they have changed since the run; undefined where they have not. */
  readonly changes: string | undefined;
  readonly top1: number;
  readonly classes: readonly ClassFigures[];
  readonly matrix: MatrixFigures;
  readonly calibration: Calibration;
  readonly lists: readonly ImageList[];
  readonly heat: readonly HeatImage[];
}

/** Images of a list, and images with Grad-CAM. */
const LISTED = 12;
const HEATED = 8;

/** Pixels of embedded images: in lists, and of the matrix. */
const LIST_SIZE = 96;
const CELL_SIZE = 48;

/** Images under this size are shown as squares of their pixels. */
const SMALL = 65;

/** Looks at a model with its test images. */
export async function modelFigures(model: TrainedModel): Promise<ModelFigures> {
  const outcomes = await model.outcomes();
  const { confusion, calibration } = tally(outcomes);
  const classes = classFigures(confusion);
  const plan = planCells(outcomes, outcomes.classes, confusion.rows);
  const notable = notableImages(outcomes, LISTED);
  const right = Array.from(outcomes.labels, (label, i) => Number(outcomes.predicted[i] === label));
  return {
    path: model.path,
    images: outcomes.count,
    ofImages: model.testImages,
    changes: model.changes,
    top1: right.reduce((sum, one) => sum + one, 0) / outcomes.count,
    classes,
    matrix: await matrixFigures(model, outcomes, plan),
    calibration,
    lists: await imageLists(model, outcomes, notable),
    heat: await heatImages(model, outcomes, notable, right),
  };
}

function tally(outcomes: Outcomes): { confusion: Confusion; calibration: Calibration } {
  const { count, labels, predicted, classes } = outcomes;
  const confusion = new Confusion(classes);
  const meter = new CalibrationMeter();
  for (let i = 0; i < count; i++) {
    confusion.add(labels[i]!, predicted[i]!);
    meter.add(probabilityOf(outcomes, i, predicted[i]!), predicted[i] === labels[i]);
  }
  return { confusion, calibration: meter.result() };
}

async function matrixFigures(
  model: TrainedModel,
  outcomes: Outcomes,
  { cells, names }: CellPlan,
): Promise<MatrixFigures> {
  const wanted = [...new Set(cells.flatMap(({ images }) => images))];
  const addresses = await addressesOf(model, wanted, CELL_SIZE);
  const thumbnails = Object.fromEntries(
    wanted.map((image) => [image, [addresses.get(image)!, describe(outcomes, image)] as const]),
  );
  return { names, ofClasses: outcomes.classes.length, cells, thumbnails };
}

async function imageLists(
  model: TrainedModel,
  outcomes: Outcomes,
  notable: NotableImages,
): Promise<ImageList[]> {
  const { lowestVariance, highestVariance, greatestLoss, labelErrors } = notable;
  const all = [...new Set([...lowestVariance, ...highestVariance, ...greatestLoss, ...labelErrors])];
  const addresses = await addressesOf(model, all, LIST_SIZE);
  const isSmall = model.preprocessing.imageSize < SMALL;
  const shown = (indices: readonly number[], more: (image: number) => string): ShownImage[] =>
    indices.map((image) => ({
      address: addresses.get(image)!,
      number: image,
      text: `${describe(outcomes, image)}${more(image)}`,
      isSmall,
    }));
  const variance = (image: number): string =>
    `, variance ${Number(outcomes.variances[image]!.toPrecision(3))}`;
  const loss = (image: number): string => `, loss ${outcomes.losses[image]!.toFixed(2)}`;
  return [
    {
      heading: 'Likely label errors',
      explanation:
        'The model is as sure of another class as it usually is of that class’s own images (confident learning).',
      images: shown(labelErrors, () => ''),
    },
    {
      heading: 'Greatest loss',
      explanation: 'Where the model was most wrong.',
      images: shown(greatestLoss, loss),
    },
    {
      heading: 'Lowest variance',
      explanation: 'Images whose features vary least: the bias loss weighs them least.',
      images: shown(lowestVariance, variance),
    },
    {
      heading: 'Highest variance',
      explanation: 'Images whose features vary most: the bias loss weighs them most.',
      images: shown(highestVariance, variance),
    },
  ];
}

async function heatImages(
  model: TrainedModel,
  outcomes: Outcomes,
  { greatestLoss }: NotableImages,
  right: readonly number[],
): Promise<HeatImage[]> {
  const wrong = greatestLoss.filter((image) => right[image] === 0).slice(0, HEATED / 2);
  const rightOnes = right.flatMap((isRight, image) => (isRight === 1 ? [image] : []));
  const every = Math.max(1, Math.floor(rightOnes.length / (HEATED / 2)));
  const spread = rightOnes.filter((_, i) => i % every === 0).slice(0, HEATED / 2);
  const indices = [...wrong, ...spread];
  if (indices.length === 0) return [];
  const { preprocessing } = model;
  const size = preprocessing.imageSize;
  const maps = await model.heat(
    indices,
    indices.map((image) => outcomes.predicted[image]!),
  );
  return Promise.all(
    maps.map(async ({ index, input, heat, height, width }) => {
      const pixels = rgbOf(input, 0, preprocessing);
      const under = underHeat(pixels, enlargedHeat(heat, { height, width, size }));
      return {
        address: await embedded(pixels, { size, most: 2 * LIST_SIZE }),
        heatAddress: await embedded(under, { size, most: 2 * LIST_SIZE }),
        number: index,
        text: describe(outcomes, index),
        isSmall: size < SMALL,
      };
    }),
  );
}

/** An image's class and prediction. */
function describe(outcomes: Outcomes, image: number): string {
  const label = outcomes.labels[image]!;
  const predicted = outcomes.predicted[image]!;
  const sure = `${Math.round(100 * probabilityOf(outcomes, image, predicted))}%`;
  const name = outcomes.classes[label]!;
  return label === predicted
    ? `${name}, recognised (${sure})`
    : `${name}, mistaken for ${outcomes.classes[predicted]!} (${sure})`;
}
