# lib/step-view.c
# -c ept-single
# Rights that the tool changes do not end what is open.
s/^    step_open_changed(d, view, gfn, nr);//
