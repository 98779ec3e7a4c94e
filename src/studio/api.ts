/** What the studio's server and its page say to each other, as JSON. */
import type { RunProgress } from '../runs/process/runProgress.js';
import type { SettingGroup, SettingKind } from '../runs/settings/setting.js';

export type { RunProgress } from '../runs/process/runProgress.js';

/**
 * How a run is: `running` in some process; `complete`; `ended early`, out of patience; `stopped` before its last epoch; `damaged` if
 * its files cannot be read.
 */
export type RunStatus = 'running' | 'complete' | 'ended early' | 'stopped' | 'damaged';

/** The process that has locked a run's folder. */
export interface RunOwner {
  readonly pid: number;
  /** The name of its machine; absent if it is the studio's. */
  readonly host?: string | undefined;
  /** The path of the lock below the folder of runs. */
  readonly lock: string;
}

/** Why a run ended early. */
export interface EarlyEnd {
  /** The column of `metrics.csv` that became no better. */
  readonly metric: string;
  /** Epochs in which it did not. */
  readonly staleEpochs: number;
}

/** Settings by key. */
export type SettingValues = Readonly<Record<string, unknown>>;

/** Figures of a run by a metric; null where there is none that is finite. */
export interface RunFigures {
  readonly last: number | null;
  readonly best: number | null;
  /** From 1. */
  readonly bestEpoch: number | null;
}

/** A run in the list. */
export interface RunSummary extends RunFigures {
  /** Path of its folder below the studio's, with slashes. */
  readonly id: string;
  readonly status: RunStatus;
  /** The process of a running run that the studio did not start. */
  readonly owner?: RunOwner | undefined;
  /** Of a run that ended early. */
  readonly earlyEnd?: EarlyEnd | undefined;
  /** What is wrong with a damaged run, in a sentence. */
  readonly problem?: string | undefined;
  /**
   * The settings that are not the defaults, or not those of its optimiser: what a new run must be given to have the same;
   * null where they are unknown.
   */
  readonly settings: SettingValues | null;
  readonly epochsDone: number;
  /** Null where it is unknown. */
  readonly epochs: number | null;
  /** When it was started, in milliseconds since 1970. */
  readonly started: number;
  /** Whether the studio started its process, and can stop it. */
  readonly isOwn: boolean;
  /** Whether there is a report to look at. */
  readonly hasReport: boolean;
  readonly progress?: RunProgress | undefined;
}

/** Columns of a run's `metrics.csv`, one number per epoch; null where it is not finite. */
export type MetricColumns = Readonly<Record<string, readonly (number | null)[]>>;

/** A run that could not be started, or that failed. */
export interface RunFailure {
  /** Tells it from all others, those of earlier starts of the studio among them. */
  readonly key: string;
  readonly id: string;
  /** One sentence. */
  readonly message: string;
}

/** What changed in the list of runs. The first message of a stream has all of them. */
export interface RunChanges {
  readonly changed: readonly RunSummary[];
  /** Their ids. */
  readonly removed: readonly string[];
  readonly failed: readonly RunFailure[];
}

/** A setting of a training, for the form that starts a run. */
export interface SettingDescription {
  readonly key: string;
  readonly group: SettingGroup;
  readonly kind: SettingKind;
  readonly help: string;
  readonly default: unknown;
  /** What happens without a value, unless the default says it. */
  readonly unset?: string | undefined;
  readonly choices?: readonly string[] | undefined;
  readonly onlyWith?: { readonly key: string; readonly values?: readonly string[] | undefined } | undefined;
}

/** What the page needs to know once. */
export interface StudioInfo {
  /** The folder of runs, as it was given. */
  readonly folder: string;
  readonly settings: readonly SettingDescription[];
  readonly recipes: Readonly<Record<string, SettingValues>>;
  /** What each optimiser has instead of the settings' defaults. */
  readonly optimizerDefaults: Readonly<Record<string, SettingValues>>;
  /** Columns of `metrics.csv` that runs can be compared by. */
  readonly metrics: readonly string[];
  /** Whether onnxruntime-web is installed, with which the page runs models. */
  readonly hasRuntime: boolean;
}

/** A run to start. */
export interface StartRequest {
  /** The settings that are not the defaults. */
  readonly settings: SettingValues;
  /** Name of the run's folder. Default: after model, data, loss and time. */
  readonly name?: string | undefined;
}

/** A run to resume. */
export interface ResumeRequest {
  /** Its number of epochs in all. Default: as it was started. */
  readonly epochs?: number | undefined;
}

/** The bias loss's settings of a run: its own, or the defaults where it has another loss. */
export interface BiasLossSettings {
  readonly alpha: number;
  readonly beta: number;
  readonly normMode: 'global' | 'local';
}

/** A test image as the bias loss sees it. */
export interface VariedImage {
  /** A `data:` address. */
  readonly address: string;
  /** Names of its class and of the class that the model takes it for. */
  readonly label: string;
  readonly predicted: string;
  /** Variance of its features. */
  readonly variance: number;
  readonly crossEntropy: number;
}

/** What the bias loss makes its weights of, for a run's model. */
export interface VarianceFigures {
  /** By variance, the lowest first. */
  readonly images: readonly VariedImage[];
  /** Images of the whole test set. */
  readonly ofImages: number;
  /** The smallest variance that training met; null where the run's loss keeps none. */
  readonly runningMin: number | null;
  readonly settings: BiasLossSettings;
}

/** What 8-bit integers change in a model. */
export interface Int8Report {
  /** Lines of text. */
  readonly text: string;
}

/** The answer to a request that could not be fulfilled. */
export interface ErrorAnswer {
  /** One sentence. */
  readonly error: string;
}
