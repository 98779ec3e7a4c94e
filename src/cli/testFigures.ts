import { csvTable } from '../runs/csvTable.js';
import { jsonLine } from '../runs/eventRecord.js';
import { type Calibration, CalibrationMeter } from '../train/calibration.js';
import { type ClassFigures, classAverages, classFigures, type FigureMeans } from '../train/classFigures.js';
import { Confusion } from '../train/confusion.js';
import { formatPercent, formatTable, printLine } from './output.js';
import { writeOutput } from './outputFile.js';

/** Pairs of confused classes that are shown. */
const SHOWN_PAIRS = 10;

/** Files that `test` writes. */
export interface FigureFiles {
  /** The confusion matrix as CSV. */
  readonly confusion?: string;
  /** Each class's figures as CSV or JSON, as the name's ending says. */
  readonly classFigures?: string;
}

/** Counts of a test, from which its figures are made. */
export class TestTally {
  private readonly confusion: Confusion;
  private readonly meter = new CalibrationMeter();

  /** @param classes names of the classes, in order */
  constructor(classes: readonly string[]) {
    this.confusion = new Confusion(classes);
  }

  /** Adds an image. */
  add(label: number, predicted: number, confidence: number): void {
    this.confusion.add(label, predicted);
    this.meter.add(confidence, label === predicted);
  }

  /** Figures of all classes together, in percent. */
  record(): Readonly<Record<string, unknown>> {
    const { macro, weighted, balancedAccuracy } = classAverages(this.figures());
    return {
      balanced_accuracy: 100 * balancedAccuracy,
      macro: inPercent(macro),
      weighted: inPercent(weighted),
      ece: 100 * this.calibration().error,
    };
  }

  /** Figures of each class, in percent, and the most confused pairs. */
  detail(): Readonly<Record<string, unknown>> {
    return {
      per_class: this.occurring().map(classRecord),
      confused: this.confusion.worstPairs(SHOWN_PAIRS),
    };
  }

  /** Prints {@link record}, human-readable. */
  print(): void {
    const { macro, weighted, balancedAccuracy } = classAverages(this.figures());
    const row = (name: string, { precision, recall, f1 }: FigureMeans): string[] => [
      name,
      ...[precision, recall, f1].map(cell),
    ];
    printLine(
      `balanced accuracy ${cell(balancedAccuracy)}  calibration error (ECE) ${cell(this.calibration().error)}`,
    );
    const rows = [row('mean of the classes (macro)', macro), row('mean of the images (weighted)', weighted)];
    printLine(`\n${formatTable(['', 'precision', 'recall', 'F1'], rows)}`);
  }

  /** Prints {@link detail}, human-readable. */
  printDetail(): void {
    const classes = this.occurring().map(({ name, images, precision, recall, f1 }) => [
      name,
      String(images),
      ...[precision, recall, f1].map(cell),
    ]);
    const pairs = this.confusion
      .worstPairs(SHOWN_PAIRS)
      .map(({ label, predicted, images }) => [`${label} taken for ${predicted}`, String(images)]);
    printLine(`\n${formatTable(['class', 'images', 'precision', 'recall', 'F1'], classes)}`);
    printLine(`\n${formatTable(['most confused', 'images'], pairs)}`);
  }

  /** Writes the files that are wanted. @throws WriteError when one cannot be written */
  async write({ confusion, classFigures: figures }: FigureFiles): Promise<void> {
    if (confusion !== undefined) await writeOutput(confusion, this.matrixCsv());
    if (figures !== undefined)
      await writeOutput(figures, figures.endsWith('.json') ? this.figuresJson() : this.figuresCsv());
  }

  /** A row per class, a column per prediction. */
  private matrixCsv(): string {
    const { classes, rows } = this.confusion;
    return csvTable(
      ['class', ...classes],
      rows.map((row, k) => [classes[k]!, ...row]),
    );
  }

  private figuresCsv(): string {
    const records = this.figures().map(classRecord);
    return csvTable(
      Object.keys(records[0]!),
      records.map((record) => Object.values(record)),
    );
  }

  private figuresJson(): string {
    return jsonLine({ ...this.record(), classes: this.figures().map(classRecord) });
  }

  /** Classes in labels or predictions, the lowest F1 first. */
  private occurring(): ClassFigures[] {
    return this.figures()
      .filter(({ images, predicted }) => images + predicted > 0)
      .sort((a, b) => a.f1 - b.f1 || a.recall - b.recall);
  }

  private figures(): ClassFigures[] {
    return classFigures(this.confusion);
  }

  private calibration(): Calibration {
    return this.meter.result();
  }
}

function inPercent({ precision, recall, f1 }: FigureMeans): FigureMeans {
  return { precision: 100 * precision, recall: 100 * recall, f1: 100 * f1 };
}

/** Top-1 within a class is its recall. */
function classRecord({ name, images, predicted, ...shares }: ClassFigures) {
  const { precision, recall, f1 } = inPercent(shares);
  return { name, images, predicted, top1: recall, precision, recall, f1 };
}

/** A share as a percentage; a dash where it is not defined. */
const cell = (share: number): string => (Number.isNaN(share) ? '–' : formatPercent(100 * share));
