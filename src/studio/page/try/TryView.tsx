import { useEffect, useRef, useState } from 'preact/hooks';
import { errorMessage } from '../../../errors.js';
import { ImageInput } from '../ImageInput.jsx';
import { AnswerCard } from './AnswerCard.jsx';
import { classifyFile } from './classifyFile.js';
import type { ImageModel } from './imageModel.js';
import { percentText } from './percent.js';
import { millionsText, sizeText } from './sizes.js';
import type { TriedImage } from './triedImage.js';

/** Images that are shown at a time, at most: the last ones. */
const MOST_SHOWN = 60;

/** A model with a place for images, and what it says of them, the newest first. */
export function TryView({ model }: { readonly model: ImageModel }) {
  const [tried, setTried] = useState<readonly TriedImage[]>([]);
  const [waiting, setWaiting] = useState(0);
  const queue = useRef<Promise<void>>(Promise.resolve());
  const next = useRef(0);
  const isLeft = useRef(false);
  useEffect(
    () => () => {
      isLeft.current = true;
    },
    [],
  );
  const classify = (files: readonly File[]): void => {
    setWaiting((count) => count + files.length);
    // One after the other: times would be those of several at once.
    for (const file of files)
      queue.current = queue.current.then(async () => {
        if (isLeft.current) return;
        const answer = await classifyFile(file, model).catch(errorMessage);
        setTried((before) => [{ id: next.current++, file, answer }, ...before].slice(0, MOST_SHOWN));
        setWaiting((count) => count - 1);
      });
  };
  return (
    <section aria-label="Try the model">
      <About model={model} />
      <ImageInput label="Images to classify" onImages={classify} />
      <p role="status">{waiting > 0 ? `Classifying, ${waiting} to go …` : inWords(tried[0])}</p>
      <ol class="answers">
        {tried.map((image) => (
          <AnswerCard key={image.id} image={image} model={model} />
        ))}
      </ol>
    </section>
  );
}

function About({ model }: { readonly model: ImageModel }) {
  const { about, labels } = model;
  const facts: readonly (readonly [string, string])[] = [
    ['Model', about.name],
    ['Classes', String(labels.classes.length)],
    ['Images', `${labels.imageSize} pixels`],
    ...(about.parameters === undefined ? [] : [['Parameters', millionsText(about.parameters)] as const]),
    ...Object.entries(about.bytes).map(
      ([numbers, bytes]) =>
        [numbers === '' ? 'ONNX file' : `ONNX file, ${numbers}`, sizeText(bytes)] as const,
    ),
  ];
  return (
    <dl class="facts">
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function inWords(image: TriedImage | undefined): string {
  if (image === undefined) return '';
  const { file, answer } = image;
  if (typeof answer === 'string') return `${answer}.`;
  const { name, probability } = answer.classes[0]!;
  return `${file.name}: ${name}, ${percentText(probability)}.`;
}
