// Exact tables: what the sides of Eqs. 3 to 14 need of the sums over the codes, for every image and caption, with one read of the tables.
//
//   L = ln sum_z e^(a_z + b_z)     E[f] = sum_z w_z f_z / sum_z w_z     w = q(z|x), a = ln p(x|y,z), b = ln p(y,z), j = ln q(y,z|x)
//   out: L, E[a], E[b], E[ln w], E[j], sum_z e^j, sum_z e^j (j - b), sum_z e^j a
//
// In double precision. With a joint of its own a thread holds half as many numbers, and rows of more than 2048 codes are read again from the
// cache. A block takes a run of an image's captions and keeps the image's weights in shared memory from caption to caption: two blocks
// fit a multiprocessor.
//
// Roofline, 64 images, 32 captions of their own prior, K = 4096 on an H100: 67 MB of likelihood and 3 MB beside it, 21 us. Work: a clamped
// exp of 20 operations, two weighted sums, a sum and a maximum: 31 an entry, and 26 for a weight, every 4th time: 37 x 8.4 M at 14.8 T/s, 21 us.
// Both bind; measured (benches/CUDA.md): three times that.
#include "elementary.cuh"

// 0 only where the table says so: an infinity counts however small its weight. NaN stays.
DEVICE double weight(double ln) {
  const double e = exp_f64(at_least_floor(ln));
  if (!(ln > -INFINITY)) return ln == ln ? 0.0 : ln;
  return e < 2.2250738585072014e-308 ? 2.2250738585072014e-308 : e;
}

// w f, 0 where the weight is.
DEVICE double counted(double w, double f) { return 0.0 < w ? w * f : w; }

// Numbers of each table that a thread reads at a time.
constexpr int PART = 2;

// What weights add to sum w and to sum w ln w.
struct Weighed {
  double sum, with_ln;
};

// The weights of a chunk.
template <int N> DEVICE Weighed weigh(Parked<double, N, 512> &weights, const double *ln_weights, int from, int k) {
  Weighed found{0.0, 0.0};
#pragma unroll
  for (int part = 0; part < N; part += PART) {
    Chunk<double, PART> ln;
    ln.load(ln_weights, from + part * static_cast<int>(blockDim.x), 0, k, -INFINITY);
#pragma unroll
    for (int i = 0; i < PART; ++i) {
      const double w = weight(ln.x[i]);
      weights.mine(part + i) = w;
      found.sum += w, found.with_ln += counted(w, ln.x[i]);
    }
    in_order();
  }
  return found;
}

struct OfImage {
  double weights, ln_weights;  // sum w, E[ln w]
};

// Which piece a block is at, and where its captions end: in shared memory, for want of registers.
struct Stretch {
  volatile int piece, end;
};

constexpr int OUT = 8;

template <int N, bool JOINT>
DEVICE void exact(const double *__restrict__ likelihood, const double *__restrict__ prior, const double *__restrict__ encoder,
                  const double *__restrict__ captions, const double *__restrict__ joint, double *__restrict__ out, int images,
                  int names, int k, int priors, int run) {
  using Row = Chunk<double, N>;
  using Weights = Parked<double, N, 512>;
  SHARED(double[WARPS], most_of_warps);
  SHARED(Sums<JOINT ? 7 : 3>, sums);
  SHARED(OfImage, of_image);
  SHARED(Weights, weights);
  SHARED(Stretch, stretch);
  const int chunk = Row::length(), runs = (names + run - 1) / run;
  for (int piece = blockIdx.x; piece < images * runs; piece = stretch.piece + gridDim.x) {
    const int image = piece / runs, first = piece % runs * run, last = min(first + run, names);
    const double *ln_weights = encoder + static_cast<size_t>(image) * k;
    double mine[JOINT ? 7 : 3] = {};
    for (int from = 0; from < k; from += chunk) {
      const Weighed found = weigh(weights, ln_weights, from, k);
      mine[0] += found.sum, mine[1] += found.with_ln;
    }
    __syncthreads();  // the last piece's sums and its stretch have been read
    if (threadIdx.x == 0) stretch.piece = piece, stretch.end = image * names + last;
    sums.agree(mine, of_image, [&] {
      const double total = sums.total(0);
      return OfImage{total, sums.total(1) / total};
    });

    for (int place = image * names + first; place < stretch.end; ++place) {
      const double *row_a = likelihood + static_cast<size_t>(place) * k;
      const double *row_b = prior + static_cast<size_t>(priors == 1 ? place % names : place) * k;
      Row terms;
      double most = -INFINITY, mine[JOINT ? 7 : 3] = {};
      for (int from = 0; from < k; from += chunk) {
        if (k > chunk) weigh(weights, encoder + static_cast<size_t>(place / names) * k, from, k);
#pragma unroll
        for (int part = 0; part < N; part += PART) {
          Chunk<double, PART> a, b;
          const int start = from + part * static_cast<int>(blockDim.x);
          a.load(row_a, start, 0, k, 0.0), b.load(row_b, start, 0, k, -INFINITY);
          if (JOINT) {
            Chunk<double, PART> j;
            j.load(joint + static_cast<size_t>(place) * k, start, 0, k, -INFINITY);
#pragma unroll
            for (int i = 0; i < PART; ++i) {
              const double e = weight(j.x[i]);
              mine[3] += counted(weights.mine(part + i), j.x[i]), mine[4] += e;
              mine[5] += counted(e, j.x[i] - b.x[i]), mine[6] += counted(e, a.x[i]);
            }
          }
#pragma unroll
          for (int i = 0; i < PART; ++i) {
            const double w = weights.mine(part + i);
            mine[1] += counted(w, a.x[i]), mine[2] += counted(w, b.x[i]);
            terms.x[part + i] = a.x[i] + b.x[i];
            most = fmax(most, terms.x[part + i]);
          }
          in_order();
        }
      }
      most = block_max(most, most_of_warps);
      // Around any number where every term is 0: the sum is 0, and its logarithm the value.
      const double around = most > -INFINITY ? most : 0.0;
      for (int from = 0; from < k; from += chunk) {
        if (k > chunk) {
          Row b;
          terms.load(row_a, from, 0, k, 0.0), b.load(row_b, from, 0, k, -INFINITY);
#pragma unroll
          for (int i = 0; i < N; ++i) terms.x[i] += b.x[i];
        }
#pragma unroll
        for (int i = 0; i < N; ++i) mine[0] += exp_f64(at_least_floor(terms.x[i] - around));
      }
      sums.put(mine);
      __syncthreads();
      if (threadIdx.x == 0) {
        double *to = out + static_cast<size_t>(place) * OUT;
        const double total = of_image.weights, ln_caption = captions[place];
        const double of_a = sums.total(1) / total, of_b = sums.total(2) / total;
        to[0] = around + log(sums.total(0)), to[1] = of_a, to[2] = of_b, to[3] = of_image.ln_weights;
        if (JOINT) {
          to[4] = sums.total(3) / total, to[5] = sums.total(4), to[6] = sums.total(5), to[7] = sums.total(6);
        } else {
          // The product of the encoders: the sums over it follow from those over the codes.
          const double of_j = ln_caption + of_image.ln_weights, q = weight(ln_caption);
          to[4] = of_j, to[5] = q, to[6] = counted(q, of_j - of_b), to[7] = counted(q, of_a);
        }
      }
    }
  }
}

#define EXACT(name, N, JOINT)                                                                                            \
  extern "C" __global__ void __launch_bounds__(512, 2) name##_f64_##N(                                                     \
      const double *likelihood, const double *prior, const double *encoder, const double *captions, const double *joint, \
      double *out, int images, int names, int k, int priors, int run) {                                                  \
    exact<N, JOINT>(likelihood, prior, encoder, captions, joint, out, images, names, k, priors, run);                     \
  }                                                                                                                      \
  REGISTER(name##_f64_##N)

EXACT(exact, 2, false)
EXACT(exact, 8, false)
EXACT(exact_joint, 2, true)
EXACT(exact_joint, 4, true)
