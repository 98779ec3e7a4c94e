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
  /** Is given what becomes of the source, which may have changed since it was drawn. */
  readonly onSource: (change: (before: DataSource) => DataSource) => void;
}

/** The images of a training. */
export function DataFields({ source, onSource }: DataFieldsProps) {
  const { kind, classes, count } = source;
  const set = (change: Partial<DataSource>): void => onSource((before) => ({ ...before, ...change }));
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
      {kind === 'own' && (
        <ClassCards
          classes={classes}
          onClasses={(change) => onSource((before) => ({ ...before, classes: change(before.classes) }))}
        />
      )}
    </fieldset>
  );
}

interface ClassCardsProps {
  readonly classes: readonly ImageClass[];
  readonly onClasses: (change: (before: readonly ImageClass[]) => readonly ImageClass[]) => void;
}

/** The classes with one more, without images. */
function withOneMore(classes: readonly ImageClass[]): readonly ImageClass[] {
  const id = Math.max(0, ...classes.map((each) => each.id)) + 1;
  return [...classes, { id, name: `class ${id}`, images: [] }];
}

function ClassCards({ classes, onClasses }: ClassCardsProps) {
  const change = (id: number, to: (before: ImageClass) => ImageClass): void =>
    onClasses((before) => before.map((one) => (one.id === id ? to(one) : one)));
  const removal = ({ id }: ImageClass): (() => void) | undefined =>
    classes.length > 2 ? () => onClasses((before) => before.filter((one) => one.id !== id)) : undefined;
  return (
    <>
      <div class="grid">
        {classes.map((each) => (
          <ClassCard
            key={each.id}
            shown={each}
            onChange={(to) => change(each.id, to)}
            onRemove={removal(each)}
          />
        ))}
      </div>
      <div class="row middle">
        <button type="button" onClick={() => onClasses(withOneMore)}>
          Add a class
        </button>
        <span class="muted">Every fifth image of a class is used for testing.</span>
      </div>
    </>
  );
}
