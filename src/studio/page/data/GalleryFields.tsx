import type { DataOverview } from '../../dataApi.js';
import { Choice } from '../Choice.jsx';
import { ORDERS, type Order, oneOf, SHOWN, type Shown } from './ordering.js';

/** Which images are shown, and in which order. */
export interface GalleryChoice {
  readonly part: string;
  readonly order: Order;
  readonly shown: Shown;
}

/** Props of {@link GalleryFields}. */
interface GalleryFieldsProps {
  readonly overview: DataOverview;
  readonly choice: GalleryChoice;
  /** Whether images of one part are shown, which can be chosen. */
  readonly hasParts: boolean;
  /** The class whose images are shown; empty: all. */
  readonly only: string;
  readonly onChoice: (choice: GalleryChoice) => void;
  readonly onOnly: (name: string) => void;
}

/** The choice of images. */
export function GalleryFields({ overview, choice, hasParts, only, onChoice, onOnly }: GalleryFieldsProps) {
  const { parts } = overview;
  return (
    <div class="row">
      <Choice
        label="Order"
        value={choice.order}
        options={ORDERS}
        onChoice={(text) => onChoice({ ...choice, order: oneOf(ORDERS, text, 'name') })}
      />
      <Choice
        label="Shown"
        value={choice.shown}
        options={SHOWN}
        onChoice={(text) => onChoice({ ...choice, shown: oneOf(SHOWN, text, 'all') })}
      />
      <Choice label="Class" value={only} options={classOptions(overview)} onChoice={onOnly} />
      {hasParts && parts.length > 1 && (
        <Choice
          label="Part"
          value={choice.part}
          options={parts.map(({ part }) => [part, part])}
          onChoice={(part) => onChoice({ ...choice, part })}
        />
      )}
    </div>
  );
}

function classOptions({ parts }: DataOverview): (readonly [string, string])[] {
  const names = new Set(parts.flatMap(({ classes }) => classes.map(({ name }) => name)));
  return [['', 'all'], ...[...names].map((name) => [name, name] as const)];
}
