/** A sentence of what went wrong, which is read out; nothing without one. */
export function Problem({ text }: { readonly text: string }) {
  if (text === '') return null;
  return (
    <p class="bad" role="alert">
      {text}.
    </p>
  );
}
