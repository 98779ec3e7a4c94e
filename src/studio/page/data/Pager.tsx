import { NumberField } from '../NumberField.jsx';
import { countText } from './texts.js';

/** Props of {@link Pager}. */
interface PagerProps {
  /** From 0. */
  readonly page: number;
  /** Images of a page, and in all. */
  readonly size: number;
  readonly count: number;
  readonly onPage: (page: number) => void;
}

/** The way through pages of images. */
export function Pager({ page, size, count, onPage }: PagerProps) {
  const pages = Math.max(1, Math.ceil(count / size));
  const [first, last] = [page * size + 1, Math.min(count, (page + 1) * size)];
  const number = (value: number): string => value.toLocaleString('en-US');
  return (
    <div class="row middle">
      {pages > 1 && (
        <>
          <button type="button" disabled={page === 0} onClick={() => onPage(page - 1)}>
            Earlier
          </button>
          <button type="button" disabled={page + 1 >= pages} onClick={() => onPage(page + 1)}>
            Later
          </button>
        </>
      )}
      {pages > 2 && (
        <NumberField
          label={`Page of ${number(pages)}`}
          value={page + 1}
          min={1}
          max={pages}
          onValue={(value) => onPage(value - 1)}
        />
      )}
      <p role="status">
        {count === 0
          ? 'No images.'
          : count <= size
            ? `${countText(count, 'image')}.`
            : `${number(first)} to ${number(last)} of ${countText(count, 'image')}.`}
      </p>
    </div>
  );
}
