import type { DataCheck } from '../../../data/check/checkData.js';
import type { PartName } from '../../../data/folders/partNames.js';
import type { VarianceFigures } from '../../api.js';
import type { InspectionFigures } from '../../dataApi.js';

/** What can be asked. */
export type Question =
  /** Variances and losses of some test images of a run. */
  | { readonly kind: 'variances'; readonly folder: string; readonly images: number }
  /** What `inspect` finds in a part of a run's data. */
  | {
      readonly kind: 'inspection';
      readonly folder: string;
      readonly part: PartName;
      readonly images: number;
    }
  /** What `check-data` finds in a folder; `list` has images to leave out. */
  | { readonly kind: 'check'; readonly folder: string; readonly list?: string | undefined };

/** What is answered to each. */
export interface AnswerTo {
  readonly variances: VarianceFigures;
  readonly inspection: InspectionFigures;
  readonly check: DataCheck;
}

/** What the process of a question says: how far it is, and at last the answer or why there is none. */
export type QuestionNews<T> =
  | { readonly done: number; readonly total: number }
  | { readonly answer: T }
  | { readonly problem: string };
