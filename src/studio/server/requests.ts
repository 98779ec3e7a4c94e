import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { PART_NAMES, type PartName } from '../../data/folders/partNames.js';
import { UserError } from '../../errors.js';
import type { ResumeRequest, SettingValues, StartRequest } from '../api.js';
import type { MarkRequest } from '../dataApi.js';
import { failure } from './answers.js';
import type { ListingChoice } from './data/imageListing.js';

/** Bytes of a request's body at most. */
const MOST_BODY = 64 * 1024;

type Fields = Readonly<Record<string, unknown>>;

/** The run to start, of a request's body; the settings themselves are checked by who uses them. @throws UserError when it is another */
export async function startRequest(context: Context): Promise<StartRequest> {
  const { settings, name, ...others } = await fieldsOf(context);
  if (!isFields(settings)) throw new UserError('the request must have settings, an object');
  if (name !== undefined && typeof name !== 'string') throw new UserError('the name must be text');
  expectNothing(others);
  const values: SettingValues = settings;
  return { settings: values, name };
}

/** How to resume a run, of a request's body. @throws UserError when it is something else */
export async function resumeRequest(context: Context): Promise<ResumeRequest> {
  const { epochs, ...others } = await fieldsOf(context);
  expectNothing(others);
  if (epochs !== undefined && typeof epochs !== 'number')
    throw new UserError('the number of epochs must be a number');
  return { epochs };
}

/** Numbers of images that may be asked for. */
export interface ImageCounts {
  /** Without one in the address. */
  readonly unset: number;
  readonly most: number;
}

/** The number of images that an address asks for. @throws UserError when it is not from 2 to the greatest */
export function imageCountOf(context: Context, { unset, most }: ImageCounts): number {
  const { images = String(unset) } = context.req.query();
  const count = Number(images);
  if (Number.isInteger(count) && count >= 2 && count <= most) return count;
  throw new UserError(`images must be a whole number from 2 to ${most}, not ${JSON.stringify(images)}`);
}

/** A part of an address that must be there. @throws UserError when it is not */
export function queryOf(context: Context, name: string): string {
  const value = context.req.query(name);
  if (value === undefined) throw new UserError(`the request does not say which ${name}`);
  return value;
}

/** The part of a data set that an address asks for. @throws UserError when it is none */
export function partOf(context: Context, unset: PartName): PartName {
  const { part = unset } = context.req.query();
  const found = PART_NAMES.find((name) => name === part);
  if (found !== undefined) return found;
  throw new UserError(`part must be ${PART_NAMES.join(', ')}, not ${JSON.stringify(part)}`);
}

/** Images of a page, at most. */
const MOST_OF_PAGE = 200;

/** Which images of a folder an address asks for: by default the first 60 of the training part. @throws UserError when it is not clear */
export function pageOf(context: Context): ListingChoice {
  const { class: only, from = '0', count = '60' } = context.req.query();
  const [first, images] = [Number(from), Number(count)];
  if (!Number.isSafeInteger(first) || first < 0)
    throw new UserError(`from must be a whole number from 0 on, not ${JSON.stringify(from)}`);
  if (!Number.isInteger(images) || images < 1 || images > MOST_OF_PAGE)
    throw new UserError(
      `count must be a whole number from 1 to ${MOST_OF_PAGE}, not ${JSON.stringify(count)}`,
    );
  return { part: partOf(context, 'train'), class: only, from: first, count: images };
}

/** The images to mark, of a request's body. @throws UserError when it is something else */
export async function markRequest(context: Context): Promise<MarkRequest> {
  const { images, isMarked, ...others } = await fieldsOf(context);
  expectNothing(others);
  if (!Array.isArray(images) || !images.every((image): image is string => typeof image === 'string'))
    throw new UserError('the request must have images, a list of names');
  if (typeof isMarked !== 'boolean') throw new UserError('isMarked must be true or false');
  return { images, isMarked };
}

/** Which checkpoint an address asks for. Default `best`. @throws UserError when it is neither `best` nor `last` */
export function checkpointOf(context: Context): 'best' | 'last' {
  const { which = 'best' } = context.req.query();
  if (which === 'best' || which === 'last') return which;
  throw new UserError(`which must be best or last, not ${JSON.stringify(which)}`);
}

/**
 * The text of a request's body, however it is sent. Hono's own limit makes a new request of one without a length, which Node's
 * does not take.
 *
 * @throws HTTPException when it is too long
 */
async function textOf(context: Context): Promise<string> {
  if (Number(context.req.header('content-length')) > MOST_BODY) throw tooLarge();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of context.req.raw.body ?? []) {
    bytes += part.length;
    if (bytes > MOST_BODY) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function tooLarge(): HTTPException {
  return new HTTPException(413, { res: failure(413, `a request has at most ${MOST_BODY} bytes`) });
}

async function fieldsOf(context: Context): Promise<Fields> {
  const text = await textOf(context);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new UserError('the body of the request is not JSON');
  }
  if (!isFields(body)) throw new UserError('the body of the request must be a JSON object');
  return body;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function expectNothing(others: Fields): void {
  const [first] = Object.keys(others);
  if (first !== undefined) throw new UserError(`the request must not have ${JSON.stringify(first)}`);
}
