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
  echo
  echo 'The caption model gives each token of a caption by how often it occurs in the training part. *Over*: the ELBO less another one, image by image, of'
  echo 'the same encoder and decoder where it is a prior that differs: codes drawn evenly and captions by the caption model, which knows that a caption ends; or'
  echo 'the transformer as it began, which knows neither that nor which tokens are padding, so that most of this margin is text; or no code at all, each pixel a'
  echo 'logit-Laplace of its own. *Relaxation gap*: what the last temperature'"'"'s relaxed codes are decoded better than drawn ones, `E ln p(x|relaxed z) - E ln p(x|z)`.'
  echo 'A layer in bf16 that uses all of its bound was rounded by half a unit of its last digit: that is what a half type may do.'
} > derivations/dalle/RESULTS.md
