import { useEffect, useState } from 'preact/hooks';
import { askThumbnail } from './dataCalls.js';

/** Props of {@link Thumbnail}. */
interface ThumbnailProps {
  readonly folder: string;
  readonly image: string;
}

/** A small copy of an image, or why there is none. */
export function Thumbnail({ folder, image }: ThumbnailProps) {
  const [shown, setShown] = useState<{ readonly address?: string; readonly problem?: string }>({});
  useEffect(() => {
    const leaving = new AbortController();
    let address: string | undefined;
    askThumbnail(folder, image, leaving.signal).then(
      (file) => {
        if (leaving.signal.aborted) return;
        address = URL.createObjectURL(file);
        setShown({ address });
      },
      (error: Error) => {
        if (!leaving.signal.aborted) setShown({ problem: error.message });
      },
    );
    return () => {
      leaving.abort();
      if (address !== undefined) URL.revokeObjectURL(address);
    };
  }, [folder, image]);
  const { address, problem } = shown;
  if (problem !== undefined)
    return (
      <span class="thumbnail-place bad" title={problem}>
        cannot be shown
      </span>
    );
  return <span class="thumbnail-place">{address !== undefined && <img src={address} alt="" />}</span>;
}
