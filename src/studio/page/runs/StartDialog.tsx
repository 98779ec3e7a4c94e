import { useEffect, useRef, useState } from 'preact/hooks';
import type { SettingDescription, SettingValues, StudioInfo } from '../../api.js';
import { startRequest, type Typed, typedSettings } from '../../table/startRequest.js';
import { tell } from '../client.js';
import { Problem } from '../Problem.jsx';
import { runAddress } from '../route.js';
import { usePending } from '../usePending.js';
import { SettingField } from './SettingField.jsx';

/** Settings that are asked for first. */
const FIRST = [
  'model',
  'ratio',
  'data',
  'dataPath',
  'loss',
  'epochs',
  'batchSize',
  'baseLr',
  'schedule',
  'seed',
];

/** Props of {@link StartDialog}. */
interface StartDialogProps {
  readonly info: StudioInfo;
  /** Settings that are filled in; null: none. */
  readonly copied: SettingValues | null;
  readonly onClose: () => void;
}

/** The form that starts a run. */
export function StartDialog({ info, copied, onClose }: StartDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [name, setName] = useState('');
  const [typed, setTyped] = useState<Typed>(() => typedSettings(info.settings, copied));
  const [problem, setProblem] = useState('');
  useEffect(() => dialog.current!.showModal(), []);
  const [isStarting, act] = usePending();
  const start = async (): Promise<void> => {
    try {
      const request = startRequest(info.settings, typed, { copied, name });
      const { id } = await tell<{ id: string }>('api/runs/start', request);
      onClose();
      location.hash = runAddress(id);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    void act(start);
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="start">
      <form onSubmit={submit}>
        <h2 id="start">Start a run</h2>
        <p class="muted">
          Fields that stay empty have the setting’s default, which for some is the optimiser’s. Paths are on
          the studio’s machine.
        </p>
        <StartFields {...{ info, name, typed }} onName={setName} onTyped={setTyped} />
        <Problem text={problem} />
        <div class="row">
          <button type="submit" class="first" disabled={isStarting}>
            Start
          </button>
          <button type="button" onClick={() => dialog.current!.close()}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}

interface StartFieldsProps {
  readonly info: StudioInfo;
  readonly name: string;
  readonly typed: Typed;
  readonly onName: (name: string) => void;
  readonly onTyped: (typed: Typed) => void;
}

function StartFields(props: StartFieldsProps) {
  const { info, name, typed, onName, onTyped } = props;
  const isFirst = ({ key }: SettingDescription): boolean => FIRST.includes(key);
  const groups = [...new Set(info.settings.map(({ group }) => group))];
  const field = (setting: SettingDescription) => (
    <SettingField
      key={setting.key}
      setting={setting}
      value={typed[setting.key] ?? ''}
      onValue={(value) => onTyped({ ...typed, [setting.key]: value })}
    />
  );
  return (
    <>
      <div class="fields">
        <label class="field">
          Name of its folder
          <input
            value={name}
            placeholder="model, data, loss, time"
            onInput={({ currentTarget }) => onName(currentTarget.value)}
          />
        </label>
        {info.settings.filter(isFirst).map(field)}
      </div>
      {groups.map((group) => (
        <details key={group}>
          <summary>{group}: more settings</summary>
          <div class="fields">
            {info.settings.filter((setting) => setting.group === group && !isFirst(setting)).map(field)}
          </div>
        </details>
      ))}
    </>
  );
}
