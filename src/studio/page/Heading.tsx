import { useEffect, useRef } from 'preact/hooks';

/** The heading of what the address shows: the page is called after it, and it is read out when it appears. */
export function Heading({ text }: { readonly text: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${text} – biasloss`;
    heading.current?.focus();
  }, [text]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {text}
    </h1>
  );
}
