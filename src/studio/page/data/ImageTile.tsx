import type { JudgedImage, ListedImage, MarkRequest } from '../../dataApi.js';
import { percentText } from '../try/percent.js';
import { Thumbnail } from './Thumbnail.jsx';

/** An image that is shown, with what a model says of it if that is known. */
export interface ShownImage extends ListedImage {
  readonly judged?: JudgedImage | undefined;
}

/** Props of {@link ImageTile}. */
interface ImageTileProps {
  readonly folder: string;
  readonly shown: ShownImage;
  readonly isMarked: boolean;
  readonly onMark: (request: MarkRequest) => void;
}

/** An image with a box that leaves it out. */
export function ImageTile({ folder, shown, isMarked, onMark }: ImageTileProps) {
  const { image, judged } = shown;
  return (
    <li class={isMarked ? 'tile marked' : 'tile'}>
      <label>
        <Thumbnail folder={folder} image={image} />
        <span class="row middle">
          <input
            type="checkbox"
            aria-label={`Leave out ${image}`}
            checked={isMarked}
            onChange={({ currentTarget }) => onMark({ images: [image], isMarked: currentTarget.checked })}
          />
          <span aria-hidden="true">{isMarked ? 'left out' : 'leave out'}</span>
        </span>
      </label>
      <span class="name" title={image}>
        {image.replace(/^.*\//, '')}
      </span>
      <span class="muted">{shown.class}</span>
      {judged && <Judgement image={judged} />}
    </li>
  );
}

function Judgement({ image }: { readonly image: JudgedImage }) {
  const { label, predicted, probability, labelProbability, loss, variance, isLabelError, group } = image;
  return (
    <>
      {predicted !== label && (
        <span>
          taken for <strong>{predicted}</strong>: {percentText(probability)}, {label}{' '}
          {percentText(labelProbability)}
        </span>
      )}
      <span>loss {loss.toPrecision(3)}</span>
      <span>variance {variance.toPrecision(3)}</span>
      {isLabelError && <span class="bad">likely label error</span>}
      {group > 0 && <span class="bad">near-duplicates {group}</span>}
    </>
  );
}
