#!/usr/bin/env bash
# The README's pictures and the evaluation's page, from the shipped model.
set -euo pipefail
cd "$(dirname "$0")/../.."

elbo=target/release/elbo
pictures=derivations/data/pictures
model=derivations/data/model.safetensors

# Of the training part, ten of them.
captions=('blue heart' 'soccer ball' 'sun with face' 'christmas tree' 'japan flag' 'tangerine' 'winking face' 'mouse face' 'slice of pizza' 'umbrella')
"$elbo" sample "${captions[@]}" --model "$model" --n 8 --out "$pictures/samples.png"
"$elbo" reconstruct --model "$model" --n 24 --split validation --out "$pictures/reconstructions.png"
{
  echo '# What the shipped model comes to'
  echo
  echo 'Written by `make model`. Other processors round otherwise, and the last digits differ.'
  echo
  echo '```text'
  "$elbo" evaluate "$model"
  echo '```'
} > derivations/model/RESULTS.md
