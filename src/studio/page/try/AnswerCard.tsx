import { useEffect, useState } from 'preact/hooks';
import { errorMessage } from '../../../errors.js';
import { useFileAddress } from '../useFileAddress.js';
import { type Answer, heatOfFile } from './classifyFile.js';
import { HeatImage } from './HeatImage.jsx';
import type { ImageModel } from './imageModel.js';
import { millisecondsText } from './milliseconds.js';
import { percentText } from './percent.js';
import type { TriedImage } from './triedImage.js';

/** Props of {@link AnswerCard}. */
interface AnswerCardProps {
  readonly image: TriedImage;
  readonly model: ImageModel;
}

/** One image with its most probable classes, and where the model looks. */
export function AnswerCard({ image: { file, answer }, model }: AnswerCardProps) {
  const address = useFileAddress(file);
  if (typeof answer === 'string')
    return (
      <li class="card">
        <h2>{file.name}</h2>
        <p class="bad">{answer}.</p>
      </li>
    );
  const { classes, preparedIn, classifiedIn } = answer;
  return (
    <li class="card answer">
      <img class="original" src={address} alt={file.name} />
      <div class="guesses">
        <h2>{file.name}</h2>
        <table>
          <caption>
            prepared in {millisecondsText(preparedIn)}, classified in {millisecondsText(classifiedIn)}
          </caption>
          <tbody>
            {classes.map(({ label, name, probability }) => (
              <tr key={label}>
                <th scope="row">{name}</th>
                <td>
                  <meter aria-hidden="true" value={probability} />
                </td>
                <td>{percentText(probability)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {model.heatOf && <Heat file={file} model={model} classes={classes} />}
      </div>
    </li>
  );
}

interface HeatProps {
  readonly file: File;
  readonly model: ImageModel;
  /** Classes that can be looked for, the most probable first. */
  readonly classes: Answer['classes'];
}

/** Grad-CAM, computed when it is asked for. */
function Heat({ file, model, classes }: HeatProps) {
  const [chosen, setChosen] = useState<Answer['classes'][number]>();
  const [shown, setShown] = useState<ImageData | string>();
  useEffect(() => {
    setShown(undefined);
    if (chosen === undefined) return undefined;
    let isLeft = false;
    heatOfFile(file, model, chosen.label)
      .catch(errorMessage)
      .then((found) => !isLeft && setShown(found));
    return () => {
      isLeft = true;
    };
  }, [chosen]);
  return (
    <>
      <label class="field">
        Where the model looks (Grad-CAM)
        <select
          value={chosen?.label ?? ''}
          onChange={({ currentTarget }) =>
            setChosen(classes.find(({ label }) => String(label) === currentTarget.value))
          }
        >
          <option value="">not shown</option>
          {classes.map(({ label, name }) => (
            <option key={label} value={label}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {typeof shown === 'string' && (
        <p class="bad" role="alert">
          {shown}.
        </p>
      )}
      {chosen && typeof shown === 'object' && <HeatImage pixels={shown} name={chosen.name} />}
    </>
  );
}
