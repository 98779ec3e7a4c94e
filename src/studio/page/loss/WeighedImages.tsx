import type { VariedImage } from '../../api.js';
import type { Weighting } from '../../biasLoss/weighting.js';
import { withDigits } from '../chart/digits.js';

/** Props of {@link WeighedImages}. */
interface WeighedImagesProps {
  /** By variance. */
  readonly images: readonly VariedImage[];
  readonly weighting: Weighting;
}

/** Images by variance, each with its weight. */
export function WeighedImages({ images, weighting }: WeighedImagesProps) {
  const most = Math.max(...images.map(({ variance }) => weighting.weightOf(variance)));
  return (
    <section class="card" aria-labelledby="by-variance">
      <h2 id="by-variance">Images, lowest variance first</h2>
      <ol class="images">
        {images.map((image, place) => {
          const { address, label, predicted, variance } = image;
          const weight = weighting.weightOf(variance);
          return (
            <li key={place}>
              <img src={address} alt="" width={72} height={72} loading="lazy" />
              <strong>z = {weight.toFixed(3)}</strong>
              <progress aria-hidden="true" value={Math.max(0, weight)} max={Math.max(most, 1e-9)} />
              <span>v = {withDigits(variance, weighting.range / 100)}</span>
              <span>
                {label}
                {label !== predicted && `, taken for ${predicted}`}
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
