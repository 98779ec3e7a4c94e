import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { errorMessage } from '../../errors.js';
import { Problem } from './Problem.jsx';

/**
 * A component whose script is loaded when it is first shown.
 *
 * @param load imports the script
 */
export function lazily<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let loaded: FunctionComponent<P> | undefined;
  return function Lazy(props: P) {
    const [problem, setProblem] = useState('');
    const [, setLoaded] = useState(loaded !== undefined);
    useEffect(() => {
      if (loaded) return setLoaded(true);
      load().then(
        (found) => {
          loaded = found;
          setLoaded(true);
        },
        (error: unknown) => setProblem(`This panel cannot be loaded: ${errorMessage(error)}`),
      );
    }, []);
    if (!loaded) return problem === '' ? <p role="status">Loading …</p> : <Problem text={problem} />;
    const Loaded = loaded;
    return <Loaded {...props} />;
  };
}
