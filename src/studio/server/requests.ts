import type { Context } from 'hono';
import { UserError } from '../../errors.js';
import type { ResumeRequest, SettingValues, StartRequest } from '../api.js';

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

/** Images that a model is asked about at a time, at most. */
const MOST_IMAGES = 512;

/** The number of images that an address asks for. Default 128. @throws UserError when it is not from 2 to 512 */
export function imagesOf(context: Context): number {
  const { images = '128' } = context.req.query();
  const count = Number(images);
  if (Number.isInteger(count) && count >= 2 && count <= MOST_IMAGES) return count;
  throw new UserError(
    `images must be a whole number from 2 to ${MOST_IMAGES}, not ${JSON.stringify(images)}`,
  );
}

/** Which checkpoint an address asks for. Default `best`. @throws UserError when it is neither `best` nor `last` */
export function checkpointOf(context: Context): 'best' | 'last' {
  const { which = 'best' } = context.req.query();
  if (which === 'best' || which === 'last') return which;
  throw new UserError(`which must be best or last, not ${JSON.stringify(which)}`);
}

async function fieldsOf(context: Context): Promise<Fields> {
  const text = await context.req.text();
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
