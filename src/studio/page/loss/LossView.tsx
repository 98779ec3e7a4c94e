import { useState } from 'preact/hooks';
import type { BiasLossSettings, VarianceFigures } from '../../api.js';
import { type Weighting, weightingOf } from '../../biasLoss/weighting.js';
import { Choice } from '../Choice.jsx';
import { Chart, type Series } from '../chart/Chart.jsx';
import { Slider } from './Slider.jsx';
import { WeighedImages } from './WeighedImages.jsx';

/** Points of the curve. */
const POINTS = 120;

const MODES = [
  ['global', 'global: the smallest of the run'],
  ['local', 'local: the smallest of the batch'],
] as const;

/** The weights of a run's images, for settings that can be tried. */
export function LossView({ figures }: { readonly figures: VarianceFigures }) {
  const { images, runningMin, settings: own } = figures;
  const [settings, setSettings] = useState<BiasLossSettings>(own);
  const weighting = weightingOf(
    images.map(({ variance }) => variance),
    settings,
    runningMin,
  );
  const set = (change: Partial<BiasLossSettings>): void => setSettings({ ...settings, ...change });
  const isOwn = JSON.stringify(settings) === JSON.stringify(own);
  return (
    <>
      <div class="row">
        <Slider
          label="α"
          most={2}
          own={own.alpha}
          value={settings.alpha}
          onValue={(alpha) => set({ alpha })}
        />
        <Slider label="β" most={1} own={own.beta} value={settings.beta} onValue={(beta) => set({ beta })} />
        <Choice
          label="m"
          value={settings.normMode}
          options={MODES}
          onChoice={(mode) => set({ normMode: mode === 'local' ? 'local' : 'global' })}
        />
        <button type="button" disabled={isOwn} onClick={() => setSettings(own)}>
          The run’s settings
        </button>
      </div>
      {settings.normMode === 'global' && runningMin === null && (
        <p class="muted">The run kept no smallest variance: that of these images stands for it.</p>
      )}
      <Summary figures={figures} weighting={weighting} />
      <Chart
        title="Weight z(v)"
        xLabel="variance v"
        series={[curveOf(figures, weighting), ...placesOf(figures, weighting)]}
      />
      <WeighedImages images={images} weighting={weighting} />
    </>
  );
}

const short = (value: number): number => Number(value.toPrecision(4));

function Summary(props: { readonly figures: VarianceFigures; readonly weighting: Weighting }) {
  const { weighting } = props;
  const { images, ofImages } = props.figures;
  const weights = images.map(({ variance }) => weighting.weightOf(variance));
  const mean = (values: readonly number[]): number =>
    short(values.reduce((sum, value) => sum + value, 0) / values.length);
  const [least, greatest] = [short(Math.min(...weights)), short(Math.max(...weights))];
  const loss = mean(images.map(({ crossEntropy }, i) => crossEntropy * weights[i]!));
  const crossEntropy = mean(images.map((image) => image.crossEntropy));
  return (
    <p role="status">
      {images.length} of {ofImages} test images. Weights from {least} to {greatest}, mean {mean(weights)}.
      Bias loss {loss}, cross-entropy {crossEntropy}. m = {short(weighting.zero)}, max v − min v ={' '}
      {short(weighting.range)}.
    </p>
  );
}

/** z(v) from m, where u is 0, to the greatest variance. */
function curveOf({ images }: VarianceFigures, { zero, weightOf }: Weighting): Series {
  const greatest = images.at(-1)!.variance;
  const steps = Array.from({ length: POINTS + 1 }, (_, i) => zero + ((greatest - zero) * i) / POINTS);
  const x = [...new Set(steps)];
  return { label: 'z(v)', look: { colour: 'series-1', dash: [] }, x, y: x.map(weightOf) };
}

/** The images on the curve, and the weight of all images under cross-entropy. */
function placesOf({ images }: VarianceFigures, { zero, weightOf }: Weighting): Series[] {
  const x = [...new Set(images.map(({ variance }) => variance))];
  const ends = [...new Set([zero, x.at(-1)!])];
  return [
    { label: 'images', look: { colour: 'series-2', dash: [] }, x, y: x.map(weightOf), isPoints: true },
    { label: 'cross-entropy', look: { colour: 'series-3', dash: [6, 4] }, x: ends, y: ends.map(() => 1) },
  ];
}
