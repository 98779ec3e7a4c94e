import { useEffect, useState } from 'preact/hooks';
import { errorMessage } from '../../../errors.js';
import { useFileAddress } from '../useFileAddress.js';
import { heatOfFile } from './classifyFile.js';
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
            {classes.map(({ name, probability }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <meter aria-hidden="true" value={probability} />
                </td>
                <td>{percentText(probability)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {model.heatOf && <Heat file={file} model={model} names={classes.map(({ name }) => name)} />}
      </div>
    </li>
  );
}

interface HeatProps {
  readonly file: File;
  readonly model: ImageModel;
  /** Classes that can be looked for, the first at once. */
  readonly names: readonly string[];
}

/** Grad-CAM, computed when it is asked for. */
function Heat({ file, model, names }: HeatProps) {
  const [name, setName] = useState('');
  const [shown, setShown] = useState<ImageData | string>();
  useEffect(() => {
    if (name === '') return undefined;
    let isLeft = false;
    heatOfFile(file, model, name)
      .catch(errorMessage)
      .then((found) => !isLeft && setShown(found));
    return () => {
      isLeft = true;
    };
  }, [name]);
  return (
    <>
      <label class="field">
        Where the model looks (Grad-CAM)
        <select value={name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
          <option value="">not shown</option>
          {names.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      {name !== '' && typeof shown === 'string' && (
        <p class="bad" role="alert">
          {shown}.
        </p>
      )}
      {name !== '' && typeof shown === 'object' && <HeatImage pixels={shown} name={name} />}
    </>
  );
}
