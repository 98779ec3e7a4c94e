import { useEffect, useState } from 'preact/hooks';

/** What the page's address asks for: a panel, and what of it. */
export interface Route {
  readonly panel: string;
  /** Such as a run's id; empty for the panel itself. */
  readonly rest: string;
}

function currentRoute(first: string): Route {
  const [panel = '', ...rest] = location.hash.replace(/^#\//, '').split('/');
  return { panel: panel === '' ? first : panel, rest: rest.map(decoded).join('/') };
}

/** A part of an address that somebody may have typed: one that is not escaped stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a run's page. */
export function runAddress(id: string): string {
  return panelAddress('runs', id);
}

/** The address of what a panel shows of a run. */
export function panelAddress(panel: string, run: string): string {
  return `#/${panel}/${run.split('/').map(encodeURIComponent).join('/')}`;
}

/** The route, which changes with the address. @param first the panel of an address without one */
export function useRoute(first: string): Route {
  const [route, setRoute] = useState(() => currentRoute(first));
  useEffect(() => {
    const update = (): void =>
      setRoute((before) => {
        const now = currentRoute(first);
        return now.panel === before.panel && now.rest === before.rest ? before : now;
      });
    addEventListener('hashchange', update);
    // Effects run after the first paint: a link may have been followed by then.
    update();
    return () => removeEventListener('hashchange', update);
  }, []);
  return route;
}
