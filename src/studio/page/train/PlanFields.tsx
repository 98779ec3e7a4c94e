import { Choice } from '../Choice.jsx';
import { NumberField } from '../NumberField.jsx';
import { PAGE_MODELS, type PageModel, type TrainingPlan } from './plan.js';

const MODELS = Object.entries(PAGE_MODELS).map(([key, { title }]) => [key, title] as const);
const SIZES = ['32', '48', '64', '96', '128', '160', '224'];
const LOSSES = [
  ['bias', 'bias loss'],
  ['ce', 'cross-entropy'],
] as const;
const PROVIDERS = [
  ['wasm', 'the processor'],
  ['webgpu', 'the GPU (WebGPU, experimental)'],
] as const;

/** Numbers of a plan. */
const NUMBERS: readonly {
  readonly key: 'epochs' | 'batchSize' | 'baseLr' | 'seed';
  readonly label: string;
  readonly min: number;
  readonly max?: number;
  readonly step?: 'any';
}[] = [
  { key: 'epochs', label: 'Epochs', min: 1, max: 1000 },
  { key: 'batchSize', label: 'Batch size', min: 2, max: 512 },
  { key: 'baseLr', label: 'Learning rate', min: 1e-6, step: 'any' },
  { key: 'seed', label: 'Seed', min: 0 },
];

/** Props of {@link PlanFields}. */
interface PlanFieldsProps {
  readonly plan: TrainingPlan;
  /** The size of images that cannot be chosen. */
  readonly fixedSize: number | undefined;
  readonly onPlan: (plan: TrainingPlan) => void;
}

/** How a model is trained. */
export function PlanFields({ plan, fixedSize, onPlan }: PlanFieldsProps) {
  const set = (change: Partial<TrainingPlan>): void => onPlan({ ...plan, ...change });
  const sizes = fixedSize === undefined ? SIZES : [String(fixedSize)];
  const choice = (
    label: string,
    [value, options]: readonly [string, readonly (readonly [string, string])[]],
    change: (chosen: string) => Partial<TrainingPlan>,
  ) => <Choice {...{ label, value, options }} onChoice={(chosen) => set(change(chosen))} />;
  return (
    <fieldset>
      <legend>Training</legend>
      <div class="fields">
        {choice('Model', [plan.model, MODELS], (model) => ({ model: model as PageModel }))}
        {choice(
          'Image size, pixels',
          [String(fixedSize ?? plan.imageSize), sizes.map((size) => [size, size])],
          (size) => ({ imageSize: Number(size) }),
        )}
        {choice('Loss', [plan.loss, LOSSES], (loss) => ({ loss: loss === 'ce' ? 'ce' : 'bias' }))}
        {NUMBERS.map(({ key, ...field }) => (
          <NumberField key={key} {...field} value={plan[key]} onValue={(value) => set({ [key]: value })} />
        ))}
        {choice('Computed by', [plan.provider, PROVIDERS], (provider) => ({
          provider: provider === 'webgpu' ? 'webgpu' : 'wasm',
        }))}
      </div>
    </fieldset>
  );
}
