import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { errorMessage } from '../../errors.js';
import { Problem } from './Problem.jsx';

/** Props of {@link Camera}. */
interface CameraProps {
  /** Is given each image that is taken. */
  readonly onImage: (image: File) => void;
  readonly onClose: () => void;
}

/** What the camera sees, with a button that takes an image of it. */
export function Camera({ onImage, onClose }: CameraProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [taken, setTaken] = useState(0);
  const { isReady, problem } = useCamera(video);
  const tapped = useRef(0);
  // Another tap may come while the image is made.
  const take = async (): Promise<void> => {
    onImage(await frameOf(video.current!, `camera ${++tapped.current}.png`));
    setTaken((count) => count + 1);
  };
  return (
    <div class="camera">
      <video ref={video} muted playsInline aria-label="The camera" hidden={problem !== ''} />
      <Problem text={problem} />
      <div class="row middle">
        <button type="button" class="first" disabled={!isReady} onClick={take}>
          Take an image
        </button>
        <button type="button" onClick={onClose}>
          Close the camera
        </button>
        <span role="status" class="muted">
          {taken > 0 && `${taken} taken`}
        </span>
      </div>
    </div>
  );
}

/** Shows the camera in a video, until the component is left. */
function useCamera(video: RefObject<HTMLVideoElement | null>): {
  readonly isReady: boolean;
  readonly problem: string;
} {
  const [problem, setProblem] = useState('');
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    let stream: MediaStream | undefined;
    let isLeft = false;
    const stop = (): void => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    const start = async (): Promise<void> => {
      stream = await openCamera();
      if (isLeft) return stop();
      video.current!.srcObject = stream;
      await video.current!.play();
      setReady(true);
    };
    start().catch((error: unknown) => {
      if (!isLeft) setProblem(`The camera cannot be used: ${errorMessage(error)}`);
    });
    return () => {
      isLeft = true;
      stop();
    };
  }, []);
  return { isReady, problem };
}

async function openCamera(): Promise<MediaStream> {
  // Pages that are neither local nor served by https have no cameras.
  if (navigator.mediaDevices === undefined) throw new Error('pages need https for it');
  return navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
}

/** What a video shows now, without loss. */
async function frameOf(video: HTMLVideoElement, name: string): Promise<File> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')!.drawImage(video, 0, 0);
  return new File([await canvas.convertToBlob({ type: 'image/png' })], name, { type: 'image/png' });
}
