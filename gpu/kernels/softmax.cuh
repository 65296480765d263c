// A row of logits around its largest one.
#pragma once
#include "elementary.cuh"

// The largest number of row[begin .. end), known to every thread. A row of one chunk is in `c` from here on.
template <class T, int N>
DEVICE float largest(Chunk<T, N> &c, const T *row, int begin, int end, float *scratch) {
  float most = -INFINITY;
  for (int from = 0; from < end; from += Chunk<T, N>::length()) {
    c.load(row, from, begin, end, -INFINITY);
#pragma unroll
    for (int i = 0; i < N; ++i) most = fmaxf(most, c.x[i]);
  }
  return block_max(most, scratch);
}

// What this thread adds to sum e^(x - around) over row[begin .. end).
template <class T, int N>
DEVICE double weigh(Chunk<T, N> &c, const T *row, int begin, int end, float around) {
  double sum = 0.0;
  for (int from = 0; from < end; from += Chunk<T, N>::length()) {
    if (end > Chunk<T, N>::length()) c.load(row, from, begin, end, -INFINITY);
    Running<N> s;
#pragma unroll
    for (int i = 0; i < N; ++i) s.add(i, exp_f32(at_least_floor(c.x[i] - around)));
    sum += s.sum();
  }
  return sum;
}
