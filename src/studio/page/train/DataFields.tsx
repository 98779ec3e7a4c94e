import { Choice } from '../Choice.jsx';
import { NumberField } from '../NumberField.jsx';
import { ClassCard } from './ClassCard.jsx';
import type { ImageClass } from './ownImages.js';

/** Where the images of a training come from. */
export interface DataSource {
  readonly kind: 'own' | 'generated';
  /** The visitor's images. */
  readonly classes: readonly ImageClass[];
  /** Generated images to train on. */
  readonly count: number;
}

/** The source at first: two classes without images. */
export const FIRST_SOURCE: DataSource = {
  kind: 'own',
  classes: [1, 2].map((id) => ({ id, name: `class ${id}`, images: [] })),
  count: 2000,
};

const KINDS = [
  ['own', 'your images'],
  ['generated', 'generated: ten classes of shapes'],
] as const;

/** Props of {@link DataFields}. */
interface DataFieldsProps {
  readonly source: DataSource;
  readonly onSource: (source: DataSource) => void;
}

/** The images of a training. */
export function DataFields({ source, onSource }: DataFieldsProps) {
  const { kind, classes, count } = source;
  const set = (change: Partial<DataSource>): void => onSource({ ...source, ...change });
  return (
    <fieldset>
      <legend>Images</legend>
      <div class="row">
        <Choice
          label="Train on"
          value={kind}
          options={KINDS}
          onChoice={(chosen) => set({ kind: chosen === 'own' ? 'own' : 'generated' })}
        />
        {kind === 'generated' && (
          <NumberField
            {...{ label: 'Training images', value: count, min: 20, max: 20_000 }}
            onValue={(value) => set({ count: value })}
          />
        )}
      </div>
      {kind === 'own' && <ClassCards classes={classes} onClasses={(all) => set({ classes: all })} />}
    </fieldset>
  );
}

interface ClassCardsProps {
  readonly classes: readonly ImageClass[];
  readonly onClasses: (classes: readonly ImageClass[]) => void;
}

function ClassCards({ classes, onClasses }: ClassCardsProps) {
  const add = (): void => {
    const id = Math.max(0, ...classes.map((each) => each.id)) + 1;
    onClasses([...classes, { id, name: `class ${id}`, images: [] }]);
  };
  const removal = (removed: ImageClass): (() => void) | undefined =>
    classes.length > 2 ? () => onClasses(classes.filter((each) => each !== removed)) : undefined;
  return (
    <>
      <div class="grid">
        {classes.map((each) => (
          <ClassCard
            key={each.id}
            shown={each}
            onChange={(changed) => onClasses(classes.map((one) => (one === each ? changed : one)))}
            onRemove={removal(each)}
          />
        ))}
      </div>
      <div class="row middle">
        <button type="button" onClick={add}>
          Add a class
        </button>
        <span class="muted">Every fifth image of a class is used for testing.</span>
      </div>
    </>
  );
}
