import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { errorMessage } from '../../../errors.js';
import { Problem } from '../Problem.jsx';
import type { ImageModel } from './imageModel.js';
import { TryView } from './TryView.jsx';

/** Props of {@link OpenModel}. */
interface OpenModelProps {
  /** Opens the model; another function opens another one. */
  readonly open: () => Promise<ImageModel>;
  /** What is shown below it of the open model. */
  readonly also?: ((model: ImageModel) => ComponentChildren) | undefined;
}

/** Opens a model, shows it to be tried, and closes it when it is left. */
export function OpenModel({ open, also }: OpenModelProps) {
  const [found, setFound] = useState<ImageModel | string>();
  useEffect(() => {
    let isLeft = false;
    setFound(undefined);
    const opening = open();
    opening.then(
      (model) => !isLeft && setFound(model),
      (error: unknown) => !isLeft && setFound(errorMessage(error)),
    );
    return () => {
      isLeft = true;
      opening.then(
        (model) => model.close(),
        () => undefined,
      );
    };
  }, [open]);
  return (
    <>
      <p role="status">{found === undefined && 'Opening the model …'}</p>
      {typeof found === 'string' && <Problem text={found} />}
      {typeof found === 'object' && <TryView model={found} />}
      {typeof found === 'object' && also?.(found)}
    </>
  );
}
