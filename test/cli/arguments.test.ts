import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { normaliseFlags } from '../../src/cli/argv.js';
import { suggest } from '../../src/cli/suggest.js';
import { modelNames } from '../../src/models/registry.js';

describe('normaliseFlags', () => {
  it('takes underscores for hyphens in flags, and leaves values alone', () => {
    assert.deepEqual(
      normaliseFlags([
        'train',
        '--base_lr',
        '0.1',
        '--data_path=my_data',
        '--run-dir',
        'my_run',
        'a_b',
        '-x',
      ]),
      ['train', '--base-lr', '0.1', '--data-path=my_data', '--run-dir', 'my_run', 'a_b', '-x'],
    );
  });

  it('takes the published scripts’ names', () => {
    assert.deepEqual(normaliseFlags(['--chkp_dir', 'x', '--norm_mode=local', '--accuracies_dir', 'y']), [
      '--run-dir',
      'x',
      '--norm-mode=local',
      '--accuracies-dir',
      'y',
    ]);
  });

  it('takes the published switch --pretrained with the file of --chkp_path', () => {
    for (const argv of [
      ['--pretrained', '--chkp_path', 'net.pth'],
      ['--chkp_path', 'net.pth', '--pretrained'],
      ['--chkp-path', 'net.pth'],
    ])
      assert.deepEqual(normaliseFlags(argv), ['--pretrained', 'net.pth']);
    assert.deepEqual(normaliseFlags(['--pretrained', 'net.pth', '--seed', '1']), [
      '--pretrained',
      'net.pth',
      '--seed',
      '1',
    ]);
  });

  it('leaves what follows -- alone', () => {
    assert.deepEqual(normaliseFlags(['--log_format', 'json', '--', '--a_b']), [
      '--log-format',
      'json',
      '--',
      '--a_b',
    ]);
  });
});

describe('suggest', () => {
  it('finds the name that was meant', () => {
    const meant = [
      'resnet',
      'ResNet-18',
      'densenet',
      'shufflenet',
      'shuflenetv2',
      'skipblock',
      'shuffelnetv2',
      'MobileNetV3',
      'mobilenet-v3-lagre',
      'resnet50',
      'efficientnet-b0',
    ];
    assert.deepEqual(
      meant.map((word) => suggest(word, modelNames)),
      [
        'resnet18',
        'resnet18',
        'densenet121',
        'shufflenetv2',
        'shufflenetv2',
        'skipblocknet',
        'shufflenetv2',
        'mobilenet_v3_small',
        'mobilenet_v3_large',
        'resnet50_224',
        'efficientnet_b0',
      ],
    );
  });

  it('suggests nothing for what is like nothing', () => {
    for (const word of ['', 'vgg', 'inception', 'x'])
      assert.equal(suggest(word, modelNames), undefined, word);
  });
});
