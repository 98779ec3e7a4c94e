import { useEffect, useState } from 'preact/hooks';

/** A file's address for `src`, which lives as long as the component; undefined at first. */
export function useFileAddress(file: Blob): string | undefined {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return address;
}
