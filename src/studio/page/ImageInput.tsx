import { useState } from 'preact/hooks';
import { Camera } from './Camera.jsx';
import { leftOutText } from './leftOutText.js';
import { Problem } from './Problem.jsx';

/** Props of {@link ImageInput}. */
interface ImageInputProps {
  /** What the images are for, for screen readers: `Images of cats`. */
  readonly label: string;
  /** Is given images that were dropped, chosen or taken. */
  readonly onImages: (images: readonly File[]) => void;
}

/** A place for images: they are dropped there, chosen as files, or taken by the camera. */
export function ImageInput({ label, onImages }: ImageInputProps) {
  const [isOver, setOver] = useState(false);
  const [hasCamera, setCamera] = useState(false);
  const [problem, setProblem] = useState('');
  const give = (files: FileList | null | undefined): void => {
    const all = [...(files ?? [])];
    const images = all.filter(isImage);
    setProblem(leftOutText(all.filter((file) => !isImage(file)).map(({ name }) => name)));
    if (images.length > 0) onImages(images);
  };
  const over = (event: DragEvent, isNow: boolean): void => {
    event.preventDefault();
    setOver(isNow);
  };
  return (
    <fieldset
      class={`drop ${isOver ? 'over' : ''}`}
      aria-label={label}
      onDragOver={(event) => over(event, true)}
      onDragLeave={(event) => over(event, false)}
      onDrop={(event) => {
        over(event, false);
        give(event.dataTransfer?.files);
      }}
    >
      <div class="row middle">
        <FileButton onFiles={give} />
        <button type="button" aria-pressed={hasCamera} onClick={() => setCamera(!hasCamera)}>
          Use the camera
        </button>
        <span class="muted">or drop images here</span>
      </div>
      <Problem text={problem} />
      {hasCamera && <Camera onImage={(image) => onImages([image])} onClose={() => setCamera(false)} />}
    </fieldset>
  );
}

/** Folders have no type, and files only one that the browser knows. */
function isImage({ type }: File): boolean {
  return type.startsWith('image/');
}

/** A button that asks for image files. */
function FileButton({ onFiles }: { readonly onFiles: (files: FileList | null) => void }) {
  return (
    <label class="button">
      Choose images
      <input
        type="file"
        accept="image/*"
        multiple
        onChange={({ currentTarget }) => {
          onFiles(currentTarget.files);
          // The same file can be chosen again.
          currentTarget.value = '';
        }}
      />
    </label>
  );
}
