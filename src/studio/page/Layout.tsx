import type { ComponentChildren } from 'preact';

/** Props of {@link Layout}. */
interface LayoutProps {
  /** What the site is called. */
  readonly name: string;
  /** Names of the panels in addresses, with their titles. */
  readonly panels: readonly (readonly [name: string, title: string])[];
  /** The panel that is shown. */
  readonly panel: string;
  readonly children: ComponentChildren;
}

/** The frame of all panels: the site's name and the way to each. */
export function Layout({ name, panels, panel, children }: LayoutProps) {
  return (
    <>
      <header class="site">
        <strong>{name}</strong>
        <nav aria-label="Panels">
          <ul>
            {panels.map(([each, title]) => (
              <li key={each}>
                <a href={`#/${each}`} aria-current={each === panel ? 'page' : undefined}>
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      <main>{children}</main>
    </>
  );
}
