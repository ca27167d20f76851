"""What every data set card says, whatever is in the data set."""

from __future__ import annotations

LOADING = """\
## Loading

In this folder:

```python
import webdataset

samples = webdataset.WebDataset("data/{pattern}", shardshuffle=False)
poses, caption = next(iter(samples.decode().to_tuple("poses.npz", "caption.json")))
```

```python
from pathlib import Path

import datasets

folder = str(Path.cwd())  # or its name on a hub
rows = datasets.load_dataset(folder, split="{split}", streaming=True)
row = next(iter(rows))
keypoints, text = row["poses.npz"]["keypoints"], row["caption.json"]["text"]
```

```python
from pathlib import Path

from signgen.data.shards import read_shard

for recording in read_shard(Path("data/{shard}")):
    poses, cues = recording.poses[0], recording.cues()
```

signgen itself takes the whole folder: `signgen train slt --data NAME=FOLDER`, `signgen select FOLDER`, `signgen inspect
FOLDER/KEY`, `signgen view FOLDER/KEY`.
"""
FIELDS = """\
## A sample

| member | content |
|---|---|
| `KEY.poses.npz` | `keypoints` (T, 128, 3) of x, y [px] and confidence, `fps`, `width`, `height`, and `depth` \
(T, 128) where it is known |
| `KEY.caption.json` | `text`, and the signs by time: `gloss` and the `source` of each |
| `KEY.mp4` | the video, where one was drawn |
| `KEY.json` | the sidecar: origin and licence of every run of frames, seed, choices, versions, sums |

Keypoints: body 0:18 (OpenPose-18), left hand 18:39, right hand 39:60 (the signer's own), face 60:128 (iBUG-68). \
What is missing is 0, 0, 0.
"""
FILES = """\
## Files

| | |
|---|---|
| `data/SPLIT-NNNNN-of-MMMMM.tar` | the samples, members of each side by side |
| `commits/` | what each shard holds, with its SHA-256 |
| `index.jsonl` | a row for each sample; `index.parquet` is the same as a table, where it was asked for |
| `croissant.json` | this page for machines |
| `SHA256SUMS` | sums of all files; `signgen batch verify` and `sha256sum -c` compare them |
"""
LIMITS = """\
## Limits

- Every sample is synthetic: made by a machine, not signed by a person. Videos say so in their comment tag, captions, \
sidecars and index in the field `synthetic`. Keep the mark when you pass them on.
- No Deaf signer has checked the samples. Grammar, use of space and mouthing are those of the source, and often poor: \
signs strung together word by word are not a signed language.
- A model trained on this alone learns the habits of the source. Measure on recordings of real signers.
- It is no replacement for interpreters.
"""
