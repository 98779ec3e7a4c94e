import { ImageInput } from '../ImageInput.jsx';
import { useFileAddress } from '../useFileAddress.js';
import type { ImageClass } from './ownImages.js';

/** Props of {@link ClassCard}. */
interface ClassCardProps {
  readonly shown: ImageClass;
  /** Is given what becomes of the class: images may have been added to it since it was drawn. */
  readonly onChange: (change: (before: ImageClass) => ImageClass) => void;
  /** Absent if the class must stay. */
  readonly onRemove: (() => void) | undefined;
}

/** Images that are shown of a class, at most: the last ones. */
const MOST_SHOWN = 24;

/** A class: its name, and a place for its images. */
export function ClassCard({ shown, onChange, onRemove }: ClassCardProps) {
  const { name, images } = shown;
  const rename = (to: string): void => onChange((before) => ({ ...before, name: to }));
  const add = (added: readonly File[]): void =>
    onChange((before) => ({ ...before, images: [...before.images, ...added] }));
  const empty = (): void => onChange((before) => ({ ...before, images: [] }));
  return (
    <div class="card">
      <div class="row">
        <label class="field">
          Name of the class
          <input value={name} onInput={({ currentTarget }) => rename(currentTarget.value)} />
        </label>
        {onRemove && (
          <button type="button" onClick={onRemove} aria-label={`Remove ${name}`}>
            Remove
          </button>
        )}
        {images.length > 0 && (
          <button type="button" onClick={empty} aria-label={`Remove images of ${name}`}>
            Remove images
          </button>
        )}
      </div>
      <ImageInput label={`Images of ${name}`} onImages={add} />
      <p role="status" class="muted">
        {images.length} {images.length === 1 ? 'image' : 'images'}
      </p>
      <div class="thumbnails">
        {images.slice(-MOST_SHOWN).map((image, i) => (
          <Thumbnail key={Math.max(0, images.length - MOST_SHOWN) + i} image={image} />
        ))}
      </div>
    </div>
  );
}

function Thumbnail({ image }: { readonly image: File }) {
  const address = useFileAddress(image);
  return <img class="thumbnail" src={address} alt="" width={48} height={48} />;
}
