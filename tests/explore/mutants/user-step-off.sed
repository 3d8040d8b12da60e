# lib/step.c
# -c ept-single
# The step takes the caller's single step with it.
s/if ((v->user_step || v->own_step) != v->hw_step)/if (v->own_step != v->hw_step)/
