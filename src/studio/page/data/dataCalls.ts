import type {
  CheckNews,
  DataFolder,
  DataOverview,
  ImagePage,
  InspectionFigures,
  MarkedImages,
  MarkRequest,
} from '../../dataApi.js';
import { askBytes, askWithToken, tell, tellForNews } from '../client.js';

/** Images that are marked by a request: a body has 64 kB at most. */
const MARKED_AT_ONCE = 100;

function address(what: string, values: Readonly<Record<string, string>>): string {
  return `api/data/${what}?${new URLSearchParams(values)}`;
}

/** The folders that may be looked at. */
export function askFolders(): Promise<readonly DataFolder[]> {
  return askWithToken('api/data/folders');
}

/** What is in a folder now. */
export function askOverview(folder: string, signal: AbortSignal): Promise<DataOverview> {
  return askWithToken(address('overview', { folder }), signal);
}

/** Which images of a folder a page shows. */
export interface PageChoice {
  readonly folder: string;
  readonly part: string;
  /** Empty: of all classes. */
  readonly class: string;
  readonly from: number;
  readonly count: number;
}

/** Some images of a folder by their names. */
export function askImages(choice: PageChoice, signal: AbortSignal): Promise<ImagePage> {
  const { folder, part, from, count, class: only } = choice;
  const values = { folder, part, from: String(from), count: String(count) };
  return askWithToken(address('images', only === '' ? values : { ...values, class: only }), signal);
}

/** A small copy of an image, as a WebP file. */
export async function askThumbnail(folder: string, image: string, signal: AbortSignal): Promise<Blob> {
  const bytes = await askBytes(address('thumbnail', { folder, image }), signal);
  return new Blob([bytes], { type: 'image/webp' });
}

/** Marks images, or takes their marks away. @returns all that are marked then */
export async function tellMarks(
  folder: string,
  { images, isMarked }: MarkRequest,
): Promise<MarkedImages | undefined> {
  let marked: MarkedImages | undefined;
  for (let from = 0; from < images.length; from += MARKED_AT_ONCE) {
    const some: MarkRequest = { images: images.slice(from, from + MARKED_AT_ONCE), isMarked };
    marked = await tell<MarkedImages>(address('mark', { folder }), some);
  }
  return marked;
}

/** Checks a folder as `check-data` does. */
export function tellCheck(
  folder: string,
  onNews: (news: CheckNews) => void,
  signal: AbortSignal,
): Promise<void> {
  return tellForNews(address('check', { folder }), onNews, signal);
}

/** Which images of a run are evaluated. */
export interface InspectionChoice {
  readonly run: string;
  readonly part: string;
  readonly images: string;
}

/** Evaluates a run's model on a part of its data, as `inspect` does. */
export function tellInspect(
  { run, part, images }: InspectionChoice,
  signal: AbortSignal,
): Promise<InspectionFigures> {
  return tell(address('inspect', { run, part, images }), {}, signal);
}
