import { useEffect, useRef } from 'preact/hooks';

/** Props of {@link HeatImage}. */
interface HeatImageProps {
  readonly pixels: ImageData;
  /** The class that it speaks for. */
  readonly name: string;
}

/** An image under a heat map. */
export function HeatImage({ pixels, name }: HeatImageProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => canvas.current!.getContext('2d')!.putImageData(pixels, 0, 0), [pixels]);
  return (
    <figure class="heat">
      <canvas
        ref={canvas}
        width={pixels.width}
        height={pixels.height}
        role="img"
        aria-label={`Where the model looks for ${name}`}
      />
      <figcaption class="muted">What speaks for {name} is yellow to red.</figcaption>
    </figure>
  );
}
