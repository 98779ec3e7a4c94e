import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { errorMessage, UserError } from '../../errors.js';
import { REPORT_FILE } from '../../report/writeReport.js';
import { METRIC_COLUMNS } from '../../runs/csvLog.js';
import { METRICS_FILE } from '../../runs/metricsFile.js';
import { OWN_DEFAULTS } from '../../runs/settings/optimizer.js';
import { RECIPES } from '../../runs/settings/recipes.js';
import { SETTING_KEYS, settingOf } from '../../runs/settings/table.js';
import type { MetricColumns, SettingDescription, StudioInfo } from '../api.js';
import { failure, fileAnswer } from './answers.js';
import { type DataParts, dataApp } from './data/dataApp.js';
import { onlyMeantForUs, protectiveHeaders, withToken } from './guard.js';
import { type ModelParts, modelApp } from './modelApp.js';
import { queryOf, resumeRequest, startRequest } from './requests.js';
import type { RunIndex } from './runIndex.js';
import { RunList } from './runList.js';
import type { RunProcesses } from './runProcesses.js';
import { streamChanges } from './runStream.js';
import type { SiteFile } from './siteFiles.js';
import { packagedName, RUNTIME_FILES } from './webRuntime.js';

/** What the studio's answers are made of. */
export interface StudioParts extends DataParts, ModelParts {
  /** The folder of runs, as it was given. */
  readonly folder: string;
  readonly processes: RunProcesses;
  /** Files of the page by their paths in URLs. */
  readonly site: ReadonlyMap<string, SiteFile>;
  /** Folder of onnxruntime-web's files; undefined if it is not installed. */
  readonly runtime: string | undefined;
  readonly token: string;
  /** Names of this machine that may be asked for, besides localhost and addresses. */
  readonly names: readonly string[];
}

/** Columns of `metrics.csv` that runs are compared by. */
const METRICS = METRIC_COLUMNS.map(([name]) => name).filter((name) => name !== 'epoch');

/** The studio's answers to requests. */
export function studioApp(parts: StudioParts): Hono {
  const { folder, index, processes, site, runtime, token, names } = parts;
  const runs = new RunList(index, processes);
  const app = new Hono();
  app.use(protectiveHeaders(), onlyMeantForUs(names));
  app.get('/api/info', (c) => c.json(infoOf(folder, runtime !== undefined)));
  app.get('/api/runs', (c) => c.json(runs.list(metricOf(c))));
  app.get('/api/events', (c) => streamChanges(c, runs.follow(metricOf(c))));
  app.get('/api/metrics', (c) => c.json(columnsOf(index, runOf(c))));
  app.get('/api/metrics.csv', (c) =>
    fileAnswer(index.folderOf(runOf(c)), METRICS_FILE, 'text/csv; charset=utf-8'),
  );
  app.get('/api/report', (c) => reportAnswer(index.folderOf(runOf(c))));
  app.use('/api/runs/*', withToken(token));
  app.post('/api/runs/start', async (c) => c.json({ id: processes.start(await startRequest(c)) }, 201));
  app.post('/api/runs/resume', async (c) => {
    index.folderOf(runOf(c));
    processes.resume(runOf(c), await resumeRequest(c));
    return c.json({});
  });
  app.post('/api/runs/stop', (c) => {
    processes.stop(runOf(c));
    return c.json({});
  });
  app.use('/api/model/*', withToken(token));
  app.route('/api/model', modelApp(parts));
  app.use('/api/data/*', withToken(token));
  app.route('/api/data', dataApp(parts));
  app.get('/ort/:file', (c) => runtimeAnswer(runtime, c.req.param('file')));
  app.get('*', (c) => siteAnswer(site, c.req.path));
  app.notFound(() => failure(404, 'there is no such address'));
  app.onError((error) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof UserError) return failure(400, error.message);
    return failure(500, `unexpected error: ${errorMessage(error)}`);
  });
  return app;
}

function metricOf(context: Context): string {
  const { metric = 'test_top1' } = context.req.query();
  if (METRICS.includes(metric)) return metric;
  throw new UserError(`there is no metric ${JSON.stringify(metric)}; there are ${METRICS.join(', ')}`);
}

function runOf(context: Context): string {
  return queryOf(context, 'run');
}

function infoOf(folder: string, hasRuntime: boolean): StudioInfo {
  const settings = SETTING_KEYS.filter((key) => settingOf(key).argument !== null).map(
    (key): SettingDescription => {
      const { group, kind, help, unset, choices, onlyWith, default: value } = settingOf(key);
      return { key, group, kind, help, default: value, unset, choices, onlyWith };
    },
  );
  const own = { recipes: RECIPES, optimizerDefaults: OWN_DEFAULTS };
  return { folder, settings, ...own, metrics: METRICS, hasRuntime };
}

function columnsOf(index: RunIndex, run: string): MetricColumns {
  const columns = Object.entries(index.metricsOf(run) ?? {});
  return Object.fromEntries(
    columns.map(([name, values]) => [name, values.map((value) => (Number.isFinite(value) ? value : null))]),
  );
}

/** A file of onnxruntime-web, of those that pages load. */
function runtimeAnswer(folder: string | undefined, name: string): Response {
  const names: readonly string[] = [...RUNTIME_FILES.wasm, ...RUNTIME_FILES.webgpu];
  if (folder === undefined || !names.includes(name)) return failure(404, 'there is no such address');
  return fileAnswer(
    folder,
    packagedName(name),
    name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript',
  );
}

/** The report has scripts of its own, and may come from elsewhere: it gets no access to the studio. */
function reportAnswer(folder: string): Response {
  return fileAnswer(folder, REPORT_FILE, 'text/html; charset=utf-8', {
    'content-security-policy':
      "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
  });
}

function siteAnswer(site: ReadonlyMap<string, SiteFile>, path: string): Response {
  const file = site.get(path);
  if (file === undefined) return failure(404, 'there is no such address');
  const isHashed = path.startsWith('/assets/');
  const caching = isHashed ? 'public, max-age=31536000, immutable' : 'no-cache';
  return new Response(file.contents, { headers: { 'content-type': file.type, 'cache-control': caching } });
}
