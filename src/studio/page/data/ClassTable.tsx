import type { DataPart } from '../../dataApi.js';

/** Props of {@link ClassTable}. */
interface ClassTableProps {
  readonly parts: readonly DataPart[];
  /** The class whose images are shown; empty: all. */
  readonly only: string;
  readonly onOnly: (name: string) => void;
}

/** The classes with their numbers of images; a class is a button that shows its images alone. */
export function ClassTable({ parts, only, onOnly }: ClassTableProps) {
  const names = [...new Set(parts.flatMap(({ classes }) => classes.map(({ name }) => name)))];
  const counts = parts.map(({ classes }) => new Map(classes.map(({ name, images }) => [name, images])));
  const most = Math.max(1, ...counts.flatMap((count) => [...count.values()]));
  return (
    <section class="card classes" aria-labelledby="classes">
      <h2 id="classes">Classes</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col" class="words">
                class
              </th>
              {parts.map(({ part }) => (
                <th key={part} scope="col">
                  {parts.length === 1 ? 'images' : part}
                </th>
              ))}
              <td aria-hidden="true" />
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <ClassRow
                key={name}
                name={name}
                counts={counts.map((count) => count.get(name) ?? 0)}
                most={most}
                isOnly={name === only}
                onPress={() => onOnly(name === only ? '' : name)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface ClassRowProps {
  readonly name: string;
  /** Images in each part. */
  readonly counts: readonly number[];
  /** The largest number of images of a class in a part. */
  readonly most: number;
  readonly isOnly: boolean;
  readonly onPress: () => void;
}

function ClassRow({ name, counts, most, isOnly, onPress }: ClassRowProps) {
  return (
    <tr>
      <th scope="row">
        <button type="button" class="link" aria-pressed={isOnly} onClick={onPress}>
          {name}
        </button>
      </th>
      {counts.map((count, part) => (
        <td key={part}>{count.toLocaleString('en-US')}</td>
      ))}
      <td aria-hidden="true">
        <meter value={counts[0]! / most} />
      </td>
    </tr>
  );
}
